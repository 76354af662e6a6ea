import { parseNetwork } from '@leasehold/domain'
import type { Config, RedisConfig, TlsFiles } from './config.ts'
import type { Settings } from './settings.ts'

/** Everything about who is believed and let in, from settings that were checked by `edgeFaults`. */
export function edgeFrom(env: Settings): Config['edge'] {
  return {
    trustedProxies: listFrom(env.TRUSTED_PROXIES),
    operatorNetworks: {
      allow: listFrom(env.OPERATOR_ALLOWED_NETWORKS),
      deny: listFrom(env.OPERATOR_DENIED_NETWORKS),
    },
    corsOrigins: listFrom(env.API_CORS_ORIGINS),
  }
}

/** The files of one listener; null without them. */
export function tlsFrom(env: Settings, listener: 'API' | 'OPERATOR' | 'GATEWAY'): TlsFiles | null {
  const certificateFile = env[`${listener}_TLS_CERTIFICATE_FILE`]
  const keyFile = env[`${listener}_TLS_KEY_FILE`]
  return certificateFile === undefined || keyFile === undefined
    ? null
    : { certificateFile, keyFile }
}

/** How to reach Redis; null when the queue lives in PostgreSQL. */
export function redisFrom(env: Settings): RedisConfig | null {
  if (env.REDIS_URL === undefined) return null
  return {
    kind: 'redis',
    url: env.REDIS_URL,
    caFile: env.REDIS_CA_FILE ?? null,
    sentinelUsername: env.REDIS_SENTINEL_USERNAME ?? null,
    sentinelPassword: env.REDIS_SENTINEL_PASSWORD ?? null,
  }
}

/** What contradicts itself among these settings, in words. */
export function edgeFaults(env: Settings): readonly string[] {
  const faults: string[] = []
  for (const listener of ['API', 'OPERATOR', 'GATEWAY'] as const) {
    const [certificate, key] = [
      `${listener}_TLS_CERTIFICATE_FILE`,
      `${listener}_TLS_KEY_FILE`,
    ] as const
    if ((env[certificate] === undefined) !== (env[key] === undefined))
      faults.push(`${certificate} and ${key} need each other`)
  }
  const gatewayUrl = env.GATEWAY_PUBLIC_URL
  if (env.GATEWAY_TLS_KEY_FILE !== undefined && !gatewayUrl?.startsWith('https:'))
    faults.push('GATEWAY_TLS_KEY_FILE needs GATEWAY_PUBLIC_URL=https://… beside it')
  const lists = [
    'TRUSTED_PROXIES',
    'OPERATOR_ALLOWED_NETWORKS',
    'OPERATOR_DENIED_NETWORKS',
  ] as const
  for (const name of lists)
    for (const text of listFrom(env[name]))
      if (parseNetwork(text) === null)
        faults.push(
          `${name}: ${text} is no address and no network; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32, with no bits set behind the prefix`,
        )
  return faults
}

function listFrom(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',').map((one) => one.trim())
}
