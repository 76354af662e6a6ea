import type { Caller, TokenVerifier } from '@leasehold/application'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** One verifier with an issuer that really signs for it. Each maker gives a new token. */
export type TokenVerifierHarness = {
  readonly verifier: TokenVerifier
  /** An access token of a person who belongs to exactly `organization`. */
  readonly memberToken: () => Promise<string>
  readonly organization: Caller['organizations'][number]
  /** An access token of a person with the realm role `operator`. */
  readonly operatorToken: () => Promise<string>
  /** The same person's proof of sign-in, which is not meant for an API. */
  readonly idToken: () => Promise<string>
  /** A token for another audience from the same issuer; null where the issuer serves one only. */
  readonly foreignAudienceToken: (() => Promise<string>) | null
  readonly close: () => Promise<void>
}

/** What every token verifier promises. Run it against each kind of issuer. */
export function tokenVerifierContract(name: string, open: () => Promise<TokenVerifierHarness>) {
  describe(`token verifier: ${name}`, () => {
    let harness: TokenVerifierHarness
    beforeAll(async () => {
      harness = await open()
    })
    afterAll(() => harness.close())

    const refused = (token: string) =>
      expect(harness.verifier.verify(token)).rejects.toMatchObject({ code: 'auth/unauthenticated' })

    it('knows a member, their organization and their role', async () => {
      const caller = await harness.verifier.verify(await harness.memberToken())

      expect(caller.subject).not.toBe('')
      expect(caller.organizations).toEqual([harness.organization])
      expect(caller.operatorRoles).toEqual([])
      expect(caller.expiresAt).toBeGreaterThan(Date.now())
    })

    it('gives the same answer for a token it has seen before', async () => {
      const token = await harness.memberToken()

      expect(await harness.verifier.verify(token)).toEqual(await harness.verifier.verify(token))
    })

    it('knows an operator', async () => {
      const caller = await harness.verifier.verify(await harness.operatorToken())

      expect(caller.operatorRoles).toContain('operator')
    })

    it('refuses an ID token', async () => refused(await harness.idToken()))

    it('refuses a token whose content was changed after signing', async () => {
      const [head = '', body = '', signature = ''] = (await harness.memberToken()).split('.')
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
      const forged = { ...claims, realm_access: { roles: ['admin'] } }
      const forgedBody = Buffer.from(JSON.stringify(forged)).toString('base64url')

      await refused([head, forgedBody, signature].join('.'))
    })

    it('refuses a token without a signature', async () => {
      const [, body = ''] = (await harness.memberToken()).split('.')
      const head = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')

      await refused(`${head}.${body}.`)
    })

    it('refuses a token for another audience', async () => {
      if (harness.foreignAudienceToken !== null) await refused(await harness.foreignAudienceToken())
    })

    it.each(['', 'x', '..', 'a.b.c', 'Bearer a.b.c', '\0', 'x'.repeat(1_000_000)])(
      'refuses text that is no token (%#)',
      (text) => refused(text),
    )
  })
}
