import type { LeaseId } from '@leasehold/domain'

/** How browsers reach the gateway. `publicUrl` gives scheme and port where they differ from what we listen on. */
export type GatewayAddress = {
  readonly domain: string
  readonly port: number
  readonly publicUrl: string | null
}

/** One origin per lease, so that browsers keep the machines of different renters apart. */
export type LeaseOrigins = {
  /** `https` where browsers speak TLS, whoever ends it. */
  readonly scheme: 'http' | 'https'
  /** Without a slash at the end. */
  originOf(id: LeaseId): string
  /** Which lease a `Host` header names; null for every other host. The port in it does not matter. */
  leaseIdOf(host: string | undefined): LeaseId | null
}

/** Host names have no underscore: the lease `lse_abc` is served at `lse-abc.<domain>`. */
export function makeLeaseOrigins({ domain, port, publicUrl }: GatewayAddress): LeaseOrigins {
  const base = new URL(publicUrl ?? `http://${domain}:${port}`)
  const scheme = base.protocol === 'https:' ? 'https' : 'http'
  const suffix = `.${domain.toLowerCase()}`
  return {
    scheme,
    originOf: (id) => {
      const origin = new URL(base.origin)
      origin.hostname = id.replace('_', '-') + suffix
      return origin.origin
    },
    leaseIdOf: (host) => {
      const name = (host ?? '').toLowerCase().replace(/:\d{1,5}$/, '')
      if (!name.endsWith(suffix)) return null
      const label = name.slice(0, -suffix.length)
      return /^lse-[0-9a-z]{1,58}$/.test(label) ? (label.replace('-', '_') as LeaseId) : null
    },
  }
}
