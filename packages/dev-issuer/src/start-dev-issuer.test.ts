import { readFile, stat } from 'node:fs/promises'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { postForm, startIssuer, withIssuer } from '../test/with-issuer.ts'
import { signInByDeviceFlow } from './device-flow-client.ts'

describe('the development issuer', () => {
  it('has the addresses of a Keycloak realm and lists them', () =>
    withIssuer(async ({ issuer, jwksUrl, tokenUrl, deviceUrl }) => {
      const response = await fetch(`${issuer}/.well-known/openid-configuration`)

      const base = `${issuer}/protocol/openid-connect`
      expect(issuer).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/realms\/leasehold$/)
      expect([jwksUrl, tokenUrl, deviceUrl]).toEqual([
        `${base}/certs`,
        `${base}/token`,
        `${base}/auth/device`,
      ])
      expect(await response.json()).toMatchObject({
        issuer,
        jwks_uri: jwksUrl,
        token_endpoint: tokenUrl,
        device_authorization_endpoint: deviceUrl,
        authorization_endpoint: `${base}/auth`,
        userinfo_endpoint: `${base}/userinfo`,
      })
    }))

  it('gives access tokens of Keycloak’s shape for a quarter of an hour', () =>
    withIssuer(async ({ issuer }) => {
      const { accessToken } = await signInByDeviceFlow(issuer, 'olivia', 'olivia')

      const claims = decodeJwt(accessToken)
      expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: 'ES256', typ: 'JWT' })
      expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(900)
      expect(claims).toMatchObject({
        iss: issuer,
        aud: 'leasehold-api',
        typ: 'Bearer',
        azp: 'leasehold-cli',
        preferred_username: 'olivia',
        email: 'olivia@acme.example',
        organization: { acme: { tenant_id: ['ten_acme'], groups: ['/owner'] } },
      })
      expect(claims.sub).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    }))

  it.each([
    { scope: 'openid', has: false },
    { scope: 'openid organization', has: true },
    { scope: 'openid organization:acme', has: true },
    { scope: 'openid organization:globex', has: false },
  ])('tells the organization to who asks with scope "$scope": $has', ({ scope, has }) =>
    withIssuer(async ({ issuer }) => {
      const { accessToken } = await signInByDeviceFlow(issuer, 'mia', 'mia', { scope })

      expect('organization' in decodeJwt(accessToken)).toBe(has)
    }),
  )

  it('gives service accounts a token for their secret, made per installation', () =>
    withIssuer(async ({ tokenUrl, serviceClient }) => {
      const secret = await readFile(serviceClient.secretFile, 'utf8')
      const form = {
        grant_type: 'client_credentials',
        client_id: serviceClient.id,
        scope: 'organization:*',
      }

      const good = await postForm(tokenUrl, { ...form, client_secret: secret })
      const bad = await postForm(tokenUrl, { ...form, client_secret: `${secret}x` })

      expect((await stat(serviceClient.secretFile)).mode & 0o777).toBe(0o600)
      expect(decodeJwt(good.body.access_token ?? '')).toMatchObject({
        typ: 'Bearer',
        azp: 'leasehold-service',
        organization: { acme: { groups: ['/member'] } },
      })
      expect(bad).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    }))

  it('publishes no private part of its key', () =>
    withIssuer(async ({ jwksUrl }) => {
      const { keys } = (await (await fetch(jwksUrl)).json()) as { keys: object[] }

      expect(Object.keys(keys[0] ?? {})).not.toContain('d')
    }))

  it('tells at userinfo what a token says about its person, and nothing without one', () =>
    withIssuer(async ({ issuer }) => {
      const url = `${issuer}/protocol/openid-connect/userinfo`
      const { accessToken } = await signInByDeviceFlow(issuer, 'olivia', 'olivia')

      const known = await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } })
      const unknown = await fetch(url, { headers: { authorization: 'Bearer a.b.c' } })

      expect(await known.json()).toMatchObject({ preferred_username: 'olivia' })
      expect(unknown.status).toBe(401)
    }))

  it.each(['0.0.0.0', '::', '192.0.2.1'])('does not listen on %s', async (host) => {
    await expect(startIssuer('/nonexistent', { host })).rejects.toThrow(
      'everyone knows its passwords',
    )
  })

  it('tries any address when that is meant', async () => {
    const anywhere = { host: '192.0.2.1', allowNetwork: true }

    await expect(withIssuer(async () => {}, anywhere)).rejects.toThrow('EADDRNOTAVAIL')
  })

  it('says at the start that it is for development only', async () => {
    const lines: string[] = []
    await withIssuer(async () => {}, { announce: (line) => lines.push(line) })

    expect(lines.join()).toContain('for development only')
  })
})
