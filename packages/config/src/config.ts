import type { ClusterPoolEntry } from './pools/pool-schemas.ts'
import type { Settings } from './settings.ts'

/** Where one HTTP server listens. `publicUrl` has no slash at its end; null means host and port. */
export type Listener = {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly publicUrl: string | null
}

/** Paths of PEM files; null: plain HTTP. */
export type TlsFiles = { readonly certificateFile: string; readonly keyFile: string }
type WithTls = { readonly tls: TlsFiles | null }

/** How to reach Redis. Shaped as `RedisPlace` of the queue. */
export type RedisConfig = {
  readonly kind: 'redis'
  readonly url: string
  readonly caFile: string | null
  readonly sentinelUsername: string | null
  readonly sentinelPassword: string | null
}

/** This computer as a pool. */
export type LocalPoolConfig = {
  readonly name: string
  readonly region: string
  /** Null: what the host can spare. Nothing is ever overcommitted. */
  readonly limits: {
    readonly vcpu: number | null
    readonly memoryMiB: number | null
    readonly diskGiB: number | null
  }
  /** A path or an address; null: one is built. */
  readonly guestImage: string | null
  /** Names of the starter catalogue that it offers; null: those that are made for one computer. */
  readonly machineTypes: readonly string[] | null
}

/** A cluster as a pool. Shaped as `KubernetesPoolSettings` of the driver, with what is beside it. */
export type ClusterPoolConfig = Omit<ClusterPoolEntry, 'kind' | 'gpus'> & {
  readonly gpus: Readonly<Record<string, GpuConfig>>
}
/** What a GPU type is called in a cluster. */
export type GpuConfig =
  | { readonly by: 'device-plugin'; readonly resourceName: string; readonly perCard: number }
  | { readonly by: 'dra'; readonly deviceClassName: string }

/** Everything that can be set, checked and in the units the names say. Frozen through and through. */
export type Config = {
  /** Absolute. */
  readonly stateFolder: string
  /** Absolute. Images below `images`, programs below `programs`. */
  readonly cacheFolder: string
  /** Null: one is generated in the state folder. */
  readonly masterKey: string | null
  readonly logLevel: Settings['LOG_LEVEL']
  readonly shutdownMs: number

  readonly database: { readonly maxConnections: number } & (
    | { readonly kind: 'embedded' }
    | { readonly kind: 'external'; readonly url: string }
  )
  readonly queue: { readonly kind: 'postgres' } | RedisConfig
  readonly objectStore:
    | { readonly kind: 'embedded' }
    | {
        readonly kind: 's3'
        readonly endpoint: string
        readonly region: string
        readonly accessKeyId: string
        readonly secretAccessKey: string
        /** Null: renters reach it where we do. */
        readonly publicEndpoint: string | null
        /** Null: S3 answers IAM and STS, too. */
        readonly iamEndpoint: string | null
        readonly roleArn: string | null
      }
  /** Null: as much as there is room. */
  readonly bucketBytes: number | null
  readonly identity:
    | {
        readonly kind: 'development'
        readonly audience: string
        readonly host: string
        readonly port: number
        readonly realm: string
        /** It may listen on other addresses than loopback. */
        readonly allowNetwork: boolean
      }
    | {
        readonly kind: 'oidc'
        readonly issuer: string
        readonly audience: string
        readonly jwksUrl: string
        /** Clients whose logout tokens are believed. */
        readonly logoutClients: readonly string[]
        /** Where tokens say what; shaped as `ClaimNames` of the verifier. */
        readonly claims: {
          readonly rolesPath: readonly string[]
          readonly groups: { readonly path: readonly string[]; readonly pattern: string } | null
        }
        /** Null: Leasehold changes nobody and nothing at the issuer. */
        readonly provisioner: {
          readonly clientId: string
          readonly clientSecret: string
          readonly adminUrl: string
          readonly tokenUrl: string
        } | null
      }

  readonly api: Listener & WithTls
  readonly operator: Listener & WithTls
  readonly runApi: { readonly host: string; readonly port: number }
  readonly gateway: Listener &
    WithTls & {
      readonly domain: string
      readonly sshHost: string
      readonly sshPort: number
      readonly sshPublicHost: string
    }

  /** Networks in CIDR notation. */
  readonly edge: {
    readonly trustedProxies: readonly string[]
    readonly operatorNetworks: {
      /** Empty: all. */
      readonly allow: readonly string[]
      readonly deny: readonly string[]
    }
    readonly corsOrigins: readonly string[]
  }

  /** Where machines run. At least one of the two kinds. */
  readonly pools: {
    readonly local: LocalPoolConfig | null
    readonly clusters: readonly ClusterPoolConfig[]
  }

  readonly leases: {
    /** Shaped as the domain's `LeaseDeadlines`. */
    readonly deadlines: {
      readonly queueMs: number
      readonly bootMs: number
      readonly graceMs: number
      readonly keepStoppedMs: number
    }
    readonly timeToLive: {
      readonly minMs: number
      readonly defaultMs: number
      readonly maxMs: number
    }
  }
  readonly tasks: {
    /** Shaped as the domain's `TaskDeadlines`. */
    readonly deadlines: {
      readonly queueMs: number
      readonly startMs: number
      readonly heartbeatMs: number
      readonly graceMs: number
    }
    /** How often the agent is asked to report. */
    readonly heartbeatSeconds: number
    readonly timeLimit: { readonly defaultMs: number; readonly maxMs: number }
    readonly logBytes: number
    readonly outputBytes: number
  }

  readonly limits: {
    readonly uploadBytes: number
    readonly bodyBytes: number
    readonly readsPerMinute: number
    readonly writesPerMinute: number
    readonly unauthenticatedPerMinute: number
  }
  readonly worker: {
    /** Where its health and metrics are asked for. */
    readonly host: string
    readonly port: number
    readonly sweepMs: number
    readonly orphanSweepMs: number
    readonly concurrency: number
  }
}
