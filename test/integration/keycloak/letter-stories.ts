import { signInByCode } from '@leasehold/dev-issuer'
import type { TenantId } from '@leasehold/domain'
import { afterEach, describe, expect, it } from 'vitest'
import { choosePassword } from './choose-password.ts'
import type { KeycloakUnderTest } from './keycloak-under-test.ts'

const acme = { id: 'ten_acme' as TenantId, slug: 'acme', name: 'Acme' }
const password = 'chosen by the person themselves'
/** Keycloak gives up on a mail server after ten seconds. */
const letterLimitMs = 60_000

/** Who is let in and has no password is written to, by the mail server that the realm was given. */
export function letterStories(keycloak: () => KeycloakUnderTest): void {
  const letIn = (who: string, role: 'member' | 'owner' = 'member') =>
    keycloak().directory.add(acme, { email: `${who}@acme.example`, name: 'New Person', role })
  const lettersTo = (who: string) => keycloak().mail.lettersTo(`${who}@acme.example`)
  const linkFor = (who: string) =>
    /https?:\/\/\S+/.exec(lettersTo(who).at(-1)?.text ?? '')?.[0] ?? ''
  const isMember = async (id: string) =>
    (await keycloak().directory.find(acme, id as never))?.role === 'member'

  describe('a letter to somebody who is let in', () => {
    afterEach(() => keycloak().mail.behave('takes'))

    it('arrives, and its link leads to a password and into the tenant', async () => {
      const { member, notice } = await letIn('nora')

      expect(notice).toBe('sent')
      expect(lettersTo('nora')).toMatchObject([{ from: 'leasehold@id.example' }])
      const words = await choosePassword(linkFor('nora'), password)
      expect(words).toContain('Your account has been updated')

      const { accessToken } = await signInByCode(keycloak().issuer, 'nora@acme.example', password)
      expect(await keycloak().verifier().verify(accessToken)).toMatchObject({
        subject: member.id,
        email: 'nora@acme.example',
        organizations: [{ tenantId: 'ten_acme', role: 'member' }],
      })
    })

    it('is not sent to who has a password, and its link serves once', async () => {
      const { notice } = await letIn('nora')

      expect(notice).toBe('not-needed')
      expect(lettersTo('nora')).toHaveLength(1)
      await expect(choosePassword(linkFor('nora'), password)).rejects.toThrow('does not ask')
    })

    it.each(['refuses', 'hangs'] as const)(
      'that no mail server takes (it %s) makes nobody half a member, and is sent when they are added again',
      { timeout: letterLimitMs },
      async (how) => {
        const who = `late-${how}`
        keycloak().mail.behave(how)

        const { member, notice } = await letIn(who)

        expect(['not-sent', 'unconfirmed']).toContain(notice)
        expect(await isMember(member.id)).toBe(true)
        expect(lettersTo(who)).toEqual([])
        keycloak().mail.behave('takes')
        const again = await letIn(who)
        expect(again).toEqual({ member, notice: 'sent' })
        expect(await choosePassword(linkFor(who), password)).toContain('has been updated')
      },
    )

    it('is not sent where no mail server listens', { timeout: letterLimitMs }, async () => {
      const { body } = await keycloak().admin('GET', '/leasehold')
      const realm = body as { readonly smtpServer: object }
      const smtpServer = { ...realm.smtpServer, port: '1' }
      await keycloak().admin('PUT', '/leasehold', { ...realm, smtpServer })

      const { member, notice } = await letIn('later')

      expect(notice).toBe('not-sent')
      expect(await isMember(member.id)).toBe(true)
      await keycloak().admin('PUT', '/leasehold', realm)
      expect((await letIn('later')).notice).toBe('sent')
    })
  })
}
