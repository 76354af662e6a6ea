import type { Config } from '@leasehold/config'
import { type Finding, findingsOf } from '../finding.ts'
import { readOwnServer } from '../read-own-server.ts'
import { reasonOf } from '../reason-of.ts'
import type { Check } from '../run-checks.ts'

const timeoutMs = 5_000

/** Each app is asked where the settings say that it listens; 0.0.0.0 is asked on loopback. */
export function checkRunningApps({
  identity,
  api,
  operator,
  gateway,
  worker,
}: Config): readonly Check[] {
  const places = [
    ['tenant API', 'API_HOST and API_PORT', api, api.tls !== null],
    ['operator API', 'OPERATOR_HOST and OPERATOR_PORT', operator, operator.tls !== null],
    ['gateway', 'GATEWAY_HOST and GATEWAY_PORT', gateway, gateway.tls !== null],
    // Beside the development issuer everything is one process.
    ...(identity.kind === 'development'
      ? []
      : [['worker', 'WORKER_HOST and WORKER_PORT', worker, false] as const]),
  ] as const
  return places.map(([part, settings, { host, port }, secure]) => ({
    part,
    whenItFails: `See that it runs, and that ${settings} lead to it from here.`,
    look: async (signal) => [
      await askReadiness(
        part,
        `${secure ? 'https' : 'http'}://${reachable(host)}:${port}`,
        settings,
        signal,
      ),
    ],
  }))
}

/** Where something that listens on every address is reached. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

async function askReadiness(
  part: string,
  origin: string,
  settings: string,
  signal: AbortSignal,
): Promise<Finding> {
  const { ok, warning, problem } = findingsOf(part)
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const { status, text } = await readOwnServer(`${origin}/readyz`, limit)
    const { parts = {} } = JSON.parse(text) as { parts?: Record<string, string> }
    const failing = Object.entries(parts).filter(([, state]) => state !== 'ok')
    if (status === 200 && failing.length === 0) return ok('ready', `${origin} is ready.`)
    const names = failing.map(([name, state]) => `${name} ${state}`).join(', ')
    const says = `${origin} says: ${names || `status ${status}`}.`
    if (status === 200)
      return warning('ready', says, 'Look at the findings of that part here, and at the log.')
    return problem('ready', says, 'Look at the findings of that part here, and at the log.')
  } catch (error) {
    return problem(
      'ready',
      `${origin} does not answer: ${reasonOf(error)}.`,
      `See that it runs, and that ${settings} lead to it from here.`,
    )
  }
}
