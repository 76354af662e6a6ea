import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeTokenVerifier } from '@leasehold/identity'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tokenVerifierContract } from '../../testing/src/contracts/token-verifier-contract.ts'
import { signInByDeviceFlow } from './device-flow-client.ts'
import { type DevIssuerSettings, startDevIssuer } from './start-dev-issuer.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dev-issuer-'))
})
afterEach(() => rm(folder, { recursive: true }))

const start = (change: Partial<DevIssuerSettings> = {}) =>
  startDevIssuer({
    folder,
    host: '127.0.0.1',
    port: 0,
    audience: 'leasehold-api',
    realm: 'leasehold',
    announce: () => {},
    ...change,
  })

async function withIssuer<Result>(
  use: (issuer: Awaited<ReturnType<typeof startDevIssuer>>) => Promise<Result>,
  change?: Partial<DevIssuerSettings>,
): Promise<Result> {
  const issuer = await start(change)
  try {
    return await use(issuer)
  } finally {
    await issuer.stop()
  }
}

const postForm = async (url: string, form: Record<string, string>) => {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}

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

  it('refuses the code flow without PKCE', () =>
    withIssuer(async ({ issuer }) => {
      const url = authorizationUrl(issuer, 'http://127.0.0.1:9/callback', null)

      const response = await fetch(url, { redirect: 'manual' })

      expect(response.headers.get('location')).toContain('error=invalid_request')
    }))

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

  it('keeps keys and refresh tokens over a restart, readable by their owner only', async () => {
    const first = await withIssuer(async ({ issuer, jwksUrl }) => ({
      keys: await (await fetch(jwksUrl)).json(),
      refreshToken: (await signInByDeviceFlow(issuer, 'mia', 'mia')).refreshToken ?? '',
      port: Number(new URL(issuer).port),
    }))

    await withIssuer(
      async ({ jwksUrl, tokenUrl }) => {
        const refreshed = await postForm(tokenUrl, {
          grant_type: 'refresh_token',
          client_id: 'leasehold-cli',
          refresh_token: first.refreshToken,
        })

        expect(await (await fetch(jwksUrl)).json()).toEqual(first.keys)
        expect(decodeJwt(refreshed.body.access_token ?? '')).toMatchObject({
          preferred_username: 'mia',
          organization: { acme: { groups: ['/member'] } },
        })
      },
      { port: first.port },
    )
    for (const file of ['issuer.json', 'grants.json'])
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
  })

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
    await expect(start({ host })).rejects.toThrow('everyone knows its passwords')
  })

  it('tries any address when that is meant', async () => {
    await expect(start({ host: '192.0.2.1', allowNetwork: true })).rejects.toThrow('EADDRNOTAVAIL')
  })

  it('says at the start that it is for development only', async () => {
    const lines: string[] = []
    await withIssuer(async () => {}, { announce: (line) => lines.push(line) })

    expect(lines.join()).toContain('for development only')
  })

  it('refuses damaged state and says what to do', async () => {
    await writeFile(join(folder, 'issuer.json'), '{"signingKey":{}}')

    await expect(start()).rejects.toThrow('Remove it')
  })

  it('starts with sign-ins that cannot be read', async () => {
    await writeFile(join(folder, 'grants.json'), '[[')

    await withIssuer(async ({ issuer }) => {
      expect((await signInByDeviceFlow(issuer, 'mia', 'mia')).accessToken).toContain('.')
    })
  })
})

describe('the device flow client', () => {
  it('shows the prompt before anybody signs in', () =>
    withIssuer(async ({ issuer }) => {
      const codes: string[] = []

      const { prompt } = await signInByDeviceFlow(issuer, 'mia', 'mia', {
        onPrompt: ({ userCode, verificationUri }) => void codes.push(userCode, verificationUri),
      })

      expect(codes).toEqual([prompt.userCode, `${issuer}/device`])
      expect(prompt.userCode).toMatch(/^[A-Z]{4}-[A-Z]{4}$/)
    }))

  it.each([
    ['mia', 'wrong'],
    ['nobody', 'nobody'],
    ['<script>', ''],
  ])('says that the password of %s is wrong', (userName, password) =>
    withIssuer(async ({ issuer }) => {
      await expect(signInByDeviceFlow(issuer, userName, password)).rejects.toThrow(
        'The user name or the password is wrong.',
      )
    }),
  )

  it('passes on why the issuer refused', () =>
    withIssuer(async ({ issuer }) => {
      await expect(
        signInByDeviceFlow(issuer, 'mia', 'mia', { clientId: 'unknown' }),
      ).rejects.toThrow('client')
    }))

  it('ends when it is told to', () =>
    withIssuer(async ({ issuer }) => {
      const signal = AbortSignal.abort(new Error('enough'))

      await expect(signInByDeviceFlow(issuer, 'mia', 'mia', { signal })).rejects.toThrow('enough')
    }))
})

describe('the pages', () => {
  it('load nothing, cannot be framed and stand on their own', () =>
    withIssuer(async ({ issuer }) => {
      const response = await fetch(`${issuer}/device`)
      const page = await response.text()

      const policy = response.headers.get('content-security-policy')
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(page).toContain('<html lang="en">')
      expect(page).toContain('aria-label="Code"')
      expect(page).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)/)
    }))

  it('answer an old or foreign sign-in with words, not with a stack', () =>
    withIssuer(async ({ issuer }) => {
      const response = await fetch(`${issuer}/interaction/unknown`)

      expect(response.status).toBe(400)
      expect(await response.text()).toContain('Start again from the application')
    }))

  it('say where the realm is when asked for something else', () =>
    withIssuer(async ({ issuer }) => {
      const response = await fetch(new URL('/realms/other', issuer))

      expect(response.status).toBe(404)
      expect(await response.text()).toContain('/realms/leasehold/')
    }))
})

tokenVerifierContract('jose with the development issuer', async () => {
  const stateFolder = await mkdtemp(join(tmpdir(), 'dev-issuer-'))
  const issuer = await start({ folder: stateFolder })
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const tokensOf = (name: string) => signInByDeviceFlow(issuer.issuer, name, name)
  return {
    verifier: makeTokenVerifier({ ...issuer, audience: 'leasehold-api', now: Date.now, log }),
    memberToken: async () => (await tokensOf('mia')).accessToken,
    organization: { alias: 'acme', tenantId: 'ten_acme', role: 'member' },
    operatorToken: async () => (await tokensOf('oscar')).accessToken,
    idToken: async () => (await tokensOf('mia')).idToken ?? '',
    foreignAudienceToken: null,
    close: async () => {
      await issuer.stop()
      await rm(stateFolder, { recursive: true })
    },
  }
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
