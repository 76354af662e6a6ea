import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { MemberDirectory } from '@leasehold/application'
import { Provider } from 'oidc-provider'
import { serviceClientId } from './client-ids.ts'
import { openGrantStorage } from './grant-storage.ts'
import { loadIssuerState, writePrivately } from './issuer-state.ts'
import { makeLogin, sendPage } from './login.ts'
import { contentSecurityPolicy, messagePage } from './pages.ts'
import { openPeopleDirectory, type PeopleDirectory } from './people-directory.ts'
import { providerConfiguration } from './provider-configuration.ts'
import { makeUserinfo } from './userinfo.ts'

export type DevIssuerSettings = {
  /** Holds keys, the service account's secret and sign-ins over a restart. */
  readonly folder: string
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Goes into `aud` of every access token. */
  readonly audience: string
  readonly realm: string
  /** Everyone knows the passwords, so other than loopback addresses are refused unless this is set. */
  readonly allowNetwork?: boolean
  /** Where the warning goes that this is for development; standard error when absent. */
  readonly announce?: (line: string) => void
}

export type DevIssuer = {
  readonly issuer: string
  readonly jwksUrl: string
  readonly tokenUrl: string
  /** Where a device starts its sign-in (RFC 8628 §3.1). */
  readonly deviceUrl: string
  /** For client credentials; the secret is generated per installation. */
  readonly serviceClient: { readonly id: string; readonly secretFile: string }
  /** How the platform manages the people of tenants here. */
  readonly members: MemberDirectory
  stop(): Promise<void>
}

/**
 * Starts an OpenID Connect issuer that looks like a Keycloak realm, for development only. Throws when
 * the address is not loopback, the port is taken or the state is damaged.
 */
export async function startDevIssuer(settings: DevIssuerSettings): Promise<DevIssuer> {
  const { folder, host, realm, audience } = settings
  requireSafeAddress(settings)
  const state = await loadIssuerState(folder)
  const secretFile = join(folder, 'service-client.secret')
  await writePrivately(secretFile, state.serviceSecret)
  const storage = await openGrantStorage(folder)
  const people = await openPeopleDirectory(folder)
  const server = await listen(host, settings.port)

  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
  const realmPath = `/realms/${encodeURIComponent(realm)}`
  const issuer = origin + realmPath
  const provider = new Provider(
    issuer,
    providerConfiguration({ issuer, realmPath, audience, state, storage, people }),
  )
  server.on(
    'request',
    makeHandler(provider, realmPath, people, makeUserinfo(issuer, audience, state.signingKey)),
  )
  const announce = settings.announce ?? ((line) => void process.stderr.write(`${line}\n`))
  announce(`Development issuer at ${issuer}: for development only, everyone knows the passwords.`)
  return {
    issuer,
    jwksUrl: `${issuer}/protocol/openid-connect/certs`,
    tokenUrl: `${issuer}/protocol/openid-connect/token`,
    deviceUrl: `${issuer}/protocol/openid-connect/auth/device`,
    members: people,
    serviceClient: { id: serviceClientId, secretFile },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await storage.close()
    },
  }
}

function requireSafeAddress({ host, realm, allowNetwork }: DevIssuerSettings): void {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(realm))
    throw new Error(`"${realm}" is no realm name: use lower-case letters, digits and hyphens.`)
  if (allowNetwork === true || /^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host)) return
  throw new Error(
    `The development issuer does not listen on ${host}: everyone knows its passwords. Use 127.0.0.1, or a real identity provider.`,
  )
}

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return server
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** Everything of a realm lies below its path; the library learns about the part before it from `originalUrl`. */
function makeHandler(
  provider: Provider,
  realmPath: string,
  people: PeopleDirectory,
  userinfo: Handler,
) {
  const login = makeLogin(provider, realmPath, people)
  const rest = provider.callback()
  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = request.url ?? '/'
    if (!url.startsWith(`${realmPath}/`))
      return sendPage(response, 404, messagePage('Not found', `The realm is at ${realmPath}/.`))
    const path = url.slice(realmPath.length)
    if (path.startsWith('/interaction/')) return login(request, response)
    if (path.split('?')[0] === '/protocol/openid-connect/userinfo')
      return userinfo(request, response)
    response.setHeader('content-security-policy', contentSecurityPolicy)
    response.setHeader('referrer-policy', 'no-referrer')
    await rest(Object.assign(request, { url: path, originalUrl: url }), response)
  }
  return (request: IncomingMessage, response: ServerResponse) => {
    route(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  }
}
