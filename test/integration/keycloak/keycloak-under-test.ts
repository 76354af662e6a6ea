import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Log, MemberDirectory, TokenVerifier } from '@leasehold/application'
import { freePort } from '@leasehold/dev-cluster'
import {
  makeKeycloakMemberDirectory,
  makeTokenVerifier,
  type TokenVerifierSettings,
} from '@leasehold/identity'
import { developmentSecrets, testClientId } from '@leasehold/keycloak'
import { startKeycloak } from '../../services/keycloak/start-keycloak.ts'
import { type MailServer, startMailServer } from './start-mail-server.ts'

export type AdminReply = { readonly status: number; readonly body: unknown }
export type Tokens = {
  readonly accessToken: string
  readonly idToken: string
  readonly refreshToken: string
}

/** A Keycloak with the development realm, and what tests do with it beside what the product does. */
export type KeycloakUnderTest = {
  readonly url: string
  readonly issuer: string
  readonly jwksUrl: string
  readonly tokenUrl: string
  readonly directory: MemberDirectory
  /** Where its letters go. */
  readonly mail: MailServer
  /** Of 127.0.0.1; there it says at `/v1/backchannel-logout` which sign-ins are over. */
  readonly logoutPort: number
  pid(): number
  /** As its administrator, below `/admin/realms`. */
  admin(method: string, path: string, body?: unknown): Promise<AdminReply>
  /** Throws what Keycloak says when it refuses. */
  signIn(userName: string, scope?: string): Promise<Tokens>
  /** A verifier that has seen no token and fetched no key. */
  verifier(change?: Partial<TokenVerifierSettings>): TokenVerifier
  close(): Promise<void>
}

export const audience = 'leasehold-api'
export const silent: Log = { info: () => {}, warn: () => {}, error: () => {} }

export async function openKeycloak(): Promise<KeycloakUnderTest> {
  const folder = await mkdtemp(path.join(tmpdir(), 'keycloak-'))
  const { signal } = new AbortController()
  const mail = await startMailServer()
  const logoutPort = await freePort()
  const keycloak = await startKeycloak({
    folder,
    log: () => {},
    signal,
    env: realmValues(mail.port, logoutPort),
  }).catch(async (error) => {
    await mail.stop()
    throw error
  })
  const { url, issuer } = keycloak
  const tokenUrl = `${issuer}/protocol/openid-connect/token`
  const jwksUrl = `${issuer}/protocol/openid-connect/certs`
  const now = () => Date.now()
  return {
    url,
    issuer,
    jwksUrl,
    tokenUrl,
    pid: keycloak.pid,
    mail,
    logoutPort,
    directory: makeKeycloakMemberDirectory({
      adminUrl: `${url}/admin/realms/leasehold`,
      tokenUrl,
      clientId: 'leasehold-provisioner',
      clientSecret: developmentSecrets.provisioner,
      now,
      log: silent,
    }),
    admin: makeAdmin(url, keycloak.admin),
    signIn: (userName, scope) => signIn(tokenUrl, userName, scope),
    verifier: (change = {}) =>
      makeTokenVerifier({ issuer, audience, jwksUrl, now, log: silent, ...change }),
    close: async () => {
      await keycloak.stop()
      await mail.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What the realm leaves to the environment, as operators set it. */
function realmValues(mailPort: number, logoutPort: number) {
  return {
    LEASEHOLD_BACKCHANNEL_LOGOUT_URL: `http://127.0.0.1:${logoutPort}/v1/backchannel-logout`,
    LEASEHOLD_SMTP_HOST: '127.0.0.1',
    LEASEHOLD_SMTP_PORT: `${mailPort}`,
    LEASEHOLD_SMTP_FROM: 'leasehold@id.example',
    LEASEHOLD_SMTP_STARTTLS: 'false',
  }
}

function makeAdmin(url: string, account: { readonly userName: string; readonly password: string }) {
  return async (method: string, place: string, body?: unknown): Promise<AdminReply> => {
    const { access_token: token } = await postForm(
      `${url}/realms/master/protocol/openid-connect/token`,
      {
        grant_type: 'password',
        client_id: 'admin-cli',
        username: account.userName,
        password: account.password,
      },
    )
    const response = await fetch(`${url}/admin/realms${place}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }
}

async function signIn(tokenUrl: string, userName: string, scope = 'openid organization:*') {
  const answer = await postForm(tokenUrl, {
    grant_type: 'password',
    client_id: testClientId,
    client_secret: developmentSecrets.tests,
    username: userName,
    password: userName,
    scope,
  })
  return {
    accessToken: answer.access_token ?? '',
    idToken: answer.id_token ?? '',
    refreshToken: answer.refresh_token ?? '',
  }
}

/** Posts a form and reads the answer; throws the error of RFC 6749 §5.2. */
export async function postForm(
  url: string,
  form: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  const text = await response.text()
  const answer = text === '' ? {} : JSON.parse(text)
  if (response.ok) return answer
  throw new Error(`${answer.error}: ${answer.error_description}`)
}
