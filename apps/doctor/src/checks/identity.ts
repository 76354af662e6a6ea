import type { Config } from '@leasehold/config'
import { type Finding, findingsOf } from '../finding.ts'
import { readForeign } from '../read-foreign.ts'
import { reasonOf } from '../reason-of.ts'
import type { Check } from '../run-checks.ts'

const { ok, warning, problem } = findingsOf('identity')

type Oidc = Extract<Config['identity'], { kind: 'oidc' }>
type Fetched = { readonly body: Record<string, unknown>; readonly aheadMs: number | null }

/** Tokens are refused outside of it; five seconds are the verifier's own. */
const clockToleranceMs = 5_000
const timeoutMs = 10_000
const algorithms = ['RS256', 'ES256', 'PS256', 'EdDSA']

export function checkIdentity({ identity }: Config): readonly Check[] {
  if (identity.kind === 'development') return []
  return [
    {
      part: 'identity',
      whenItFails:
        'See that the server of OIDC_ISSUER runs and is reached from here. Known tokens go on working until they expire.',
      look: async (signal) => [
        ...(await checkIssuer(identity, signal)),
        await checkKeys(identity, signal),
        ...(await checkProvisioner(identity, signal)),
      ],
    },
  ]
}

/**
 * The issuer's own description is asked for where its keys are: inside a cluster that is another address than the
 * public one, which tokens carry.
 */
async function checkIssuer({ issuer, jwksUrl }: Oidc, signal: AbortSignal): Promise<Finding[]> {
  const suffix = '/protocol/openid-connect/certs'
  const base = jwksUrl.endsWith(suffix)
    ? jwksUrl.slice(0, -suffix.length)
    : issuer.replace(/\/+$/, '')
  const { body, aheadMs } = await fetchJson(`${base}/.well-known/openid-configuration`, {}, signal)
  const same = body.issuer === issuer
  return [
    same
      ? ok('issuer', `${issuer} answers.`)
      : problem(
          'issuer',
          `It calls itself ${String(body.issuer).slice(0, 200)}, and OIDC_ISSUER is ${issuer}: every token is refused.`,
          'Set OIDC_ISSUER to exactly what it calls itself, or the public address (hostname) of the issuer.',
        ),
    ...(aheadMs === null ? [] : [clockOf(aheadMs)]),
  ]
}

function clockOf(aheadMs: number): Finding {
  const says = `Its clock is about ${Math.round(Math.abs(aheadMs) / 1_000)} s ${aheadMs >= 0 ? 'ahead of' : 'behind'} this computer's.`
  if (Math.abs(aheadMs) <= clockToleranceMs) return ok('clock', says)
  return problem(
    'clock',
    says,
    'Set both clocks by NTP: fresh tokens are refused, or old ones accepted.',
  )
}

async function checkKeys({ jwksUrl }: Oidc, signal: AbortSignal): Promise<Finding> {
  const { body } = await fetchJson(jwksUrl, {}, signal)
  const keys = (Array.isArray(body.keys) ? body.keys : []) as {
    use?: string
    alg?: string
    kid?: string
  }[]
  const usable = keys.filter(
    ({ use = 'sig', alg }) => use === 'sig' && (alg === undefined || algorithms.includes(alg)),
  )
  if (usable.length > 0) return ok('keys', `${usable.length} signing keys are published.`)
  return problem(
    'keys',
    `${jwksUrl} publishes no key for ${algorithms.join(', ')}.`,
    'Correct OIDC_JWKS_URL, or give the realm a signing key of one of these kinds.',
  )
}

/** Signs in as the client that manages organizations and people, and drops what it got. */
async function checkProvisioner(
  { provisioner, audience }: Oidc,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (provisioner === null)
    return [
      warning(
        'provisioner',
        'No client is configured that manages organizations and people: members are managed at the issuer only.',
        'Set KEYCLOAK_PROVISIONER_SECRET if Leasehold is to do it.',
      ),
    ]
  const { clientId, clientSecret, tokenUrl, adminUrl } = provisioner
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
  })
  try {
    const { body } = await fetchJson(tokenUrl, { method: 'POST', body: form }, signal)
    const authorization = `Bearer ${String(body.access_token)}`
    await fetchJson(`${adminUrl}/organizations/count`, { headers: { authorization } }, signal)
    const client = await fetchList(
      `${adminUrl}/clients?clientId=${encodeURIComponent(audience)}`,
      authorization,
      signal,
    )
    return [
      ok('provisioner', `${clientId} signs in and sees organizations.`),
      ...audienceOf(client, audience),
    ]
  } catch (error) {
    return [
      problem(
        'provisioner',
        `${clientId} cannot do its work: ${reasonOf(error)}.`,
        'Compare KEYCLOAK_PROVISIONER_SECRET with the client’s secret, and its service account with deploy/keycloak: manage-organizations, manage-users.',
      ),
    ]
  }
}

/** Null where the client may not look: then only a person's token tells. */
function audienceOf(clients: readonly unknown[] | null, audience: string): Finding[] {
  if (clients === null) return []
  if (clients.length > 0) return [ok('audience', `The realm knows ${audience}.`)]
  return [
    problem(
      'audience',
      `The realm has no client ${audience}, so no token names it.`,
      'Import deploy/keycloak/leasehold-realm.json, or set OIDC_AUDIENCE to the audience of your tokens.',
    ),
  ]
}

async function fetchList(url: string, authorization: string, signal: AbortSignal) {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const response = await fetch(url, {
    headers: { authorization },
    signal: limit,
    redirect: 'error',
  })
  const text = String(await readForeign(response))
  const body: unknown = response.ok ? JSON.parse(text) : null
  return Array.isArray(body) ? body : null
}

async function fetchJson(url: string, request: RequestInit, signal: AbortSignal): Promise<Fetched> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const response = await fetch(url, { ...request, signal: limit, redirect: 'error' })
  const date = Date.parse(response.headers.get('date') ?? '')
  const text = String(await readForeign(response))
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  const body: unknown = JSON.parse(text)
  // The header has whole seconds: half of one is its best guess.
  const aheadMs = Number.isNaN(date) ? null : date + 500 - Date.now()
  return {
    body: typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {},
    aheadMs,
  }
}
