import type { Config } from '@leasehold/config'
import { type Finding, findingsOf } from '../finding.ts'
import type { Check } from '../run-checks.ts'

const { ok, warning, problem } = findingsOf('settings')

/** One finding for each fault that keeps the apps from starting; the error lists them one a line. */
export function faultsOfSettings(error: Error): readonly Finding[] {
  const faults = error.message.split('\n').filter((line) => line.startsWith('  '))
  return (faults.length > 0 ? faults : [error.message]).map((fault) =>
    problem(
      'readable',
      fault.trim(),
      'Correct it: docs/settings.md explains every setting. No app starts until then.',
    ),
  )
}

/** Settings that are allowed, and not what an installation for others should have. */
export function checkSettings(config: Config): Check {
  const { identity, database, objectStore, masterKey } = config
  const findings = [
    ...(identity.kind === 'development'
      ? [
          warning(
            'identity',
            'The development issuer is used: its passwords are known to everybody.',
            'Set OIDC_ISSUER before anybody else can reach this installation.',
          ),
        ]
      : []),
    ...(database.kind === 'embedded' || objectStore.kind === 'embedded'
      ? [
          warning(
            'embedded',
            'Embedded stores are used, which serve one computer.',
            'Set DATABASE_URL and S3_ENDPOINT for more than a trial.',
          ),
        ]
      : []),
    ...(masterKey === null && database.kind === 'external'
      ? [
          problem(
            'master-key',
            'LEASEHOLD_MASTER_KEY is not set: every process makes a key of its own, and machines refuse the others.',
            'Set LEASEHOLD_MASTER_KEY_FILE to the same file content for every app.',
          ),
        ]
      : []),
    ...plainAddresses(config),
  ]
  return {
    part: 'settings',
    whenItFails: 'Look at docs/settings.md.',
    look: async () => [ok('readable', 'All settings are allowed.'), ...findings],
  }
}

const loopback = /^https?:\/\/(localhost|127\.|\[::1\])/

function plainAddresses({ api, operator, gateway, identity, objectStore }: Config): Finding[] {
  const addresses = [
    ['API_PUBLIC_URL', api.publicUrl],
    ['OPERATOR_PUBLIC_URL', operator.publicUrl],
    ['GATEWAY_PUBLIC_URL', gateway.publicUrl],
    ['OIDC_ISSUER', identity.kind === 'oidc' ? identity.issuer : null],
    ['S3_ENDPOINT', objectStore.kind === 's3' ? objectStore.endpoint : null],
  ] as const
  return addresses
    .filter(([, url]) => url?.startsWith('http:') === true && !loopback.test(url))
    .map(([name, url]) =>
      warning(
        'plain-http',
        `${name} is ${url}: what is sent there can be read on the way.`,
        `Put TLS in front of it and change ${name} to https, unless the network in between is yours alone.`,
      ),
    )
}
