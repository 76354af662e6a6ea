import { createHash } from 'node:crypto'
import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { postForm, withIssuer } from '../test/with-issuer.ts'
import { signInByCode } from './code-flow-client.ts'

describe('the authorization code flow', () => {
  it('lets a command line client sign in with a code, PKCE and a loopback redirect', () =>
    withIssuer(async ({ issuer, tokenUrl }) => {
      const verifier = 'a'.repeat(43)
      const redirect = 'http://127.0.0.1:9/callback'
      const code = await codeBySigningIn(issuer, redirect, verifier)
      const form = { grant_type: 'authorization_code', client_id: 'leasehold-cli', code }

      const wrong = await postForm(tokenUrl, {
        ...form,
        redirect_uri: redirect,
        code_verifier: 'b'.repeat(43),
      })
      const again = await codeBySigningIn(issuer, redirect, verifier)
      const right = await postForm(tokenUrl, {
        ...form,
        code: again,
        redirect_uri: redirect,
        code_verifier: verifier,
      })

      expect(wrong).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      expect(decodeJwt(right.body.access_token ?? '')).toMatchObject({ preferred_username: 'gina' })
    }))

  it.each(['tess', 'mia'])('is what the client for tests does for %s', (userName) =>
    withIssuer(async ({ issuer }) => {
      const { accessToken } = await signInByCode(issuer, userName, userName)

      expect(decodeJwt(accessToken)).toMatchObject({ preferred_username: userName })
      await expect(signInByCode(issuer, userName, 'wrong')).rejects.toThrow('password is wrong')
    }),
  )

  it('names every organization of a person who belongs to several', () =>
    withIssuer(async ({ issuer }) => {
      const { accessToken } = await signInByCode(issuer, 'tess', 'tess')
      const { accessToken: one } = await signInByCode(issuer, 'tess', 'tess', {
        scope: 'openid organization:globex',
      })

      expect(decodeJwt(accessToken).organization).toMatchObject({
        acme: { tenant_id: ['ten_acme'], groups: ['/member'] },
        globex: { tenant_id: ['ten_globex'], groups: ['/viewer'] },
      })
      expect(Object.keys(decodeJwt(one).organization ?? {})).toEqual(['globex'])
    }))

  it('refuses the code flow without PKCE', () =>
    withIssuer(async ({ issuer }) => {
      const url = authorizationUrl(issuer, 'http://127.0.0.1:9/callback', null)

      const response = await fetch(url, { redirect: 'manual' })

      expect(response.headers.get('location')).toContain('error=invalid_request')
    }))
})

function authorizationUrl(issuer: string, redirect: string, verifier: string | null): string {
  const query = new URLSearchParams({
    client_id: 'leasehold-cli',
    response_type: 'code',
    scope: 'openid organization:*',
    redirect_uri: redirect,
    ...(verifier !== null && {
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }),
  })
  return `${issuer}/protocol/openid-connect/auth?${query}`
}

/** Follows the redirects of a browser that signs in as gina, up to the one that leaves the issuer. */
async function codeBySigningIn(issuer: string, redirect: string, verifier: string) {
  const cookies = new Map<string, string>()
  const visit = async (url: string, init: RequestInit = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    return new URL(response.headers.get('location') ?? url, url).href
  }
  const login = await visit(authorizationUrl(issuer, redirect, verifier))
  const body = new URLSearchParams({ userName: 'gina', password: 'gina' })
  const resume = await visit(login, { method: 'POST', body })
  return new URL(await visit(resume)).searchParams.get('code') ?? ''
}
