import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config } from './config.ts'
import { edgeFaults, edgeFrom, redisFrom, tlsFrom } from './edge-from.ts'
import { identityFaults, identityFrom, withKeycloakFile } from './identity-from.ts'
import { poolsFrom } from './pools/pools-from.ts'
import { type EnvironmentSource, type FileReader, readSettings } from './read-settings.ts'
import type { Settings } from './settings.ts'

/**
 * The only reader of the environment. Converts units once, freezes the result, and throws one error
 * that names every fault at once. Values of secrets never appear in it.
 */
export function loadConfig(
  source: EnvironmentSource,
  readFile: FileReader = (path) => readFileSync(path, 'utf8'),
): Config {
  const ofFile: string[] = []
  const filled = withKeycloakFile(source, readFile, ofFile)
  const { settings, faults } = readSettings(filled, readFile)
  if (settings === null || ofFile.length > 0) throw badConfiguration([...faults, ...ofFile])
  const more = contradictions(settings)
  const pools = poolsFrom(settings, source, readFile, more)
  if (pools === null || more.length > 0) throw badConfiguration(more)
  return deepFreeze(toConfig(settings, pools))
}

function badConfiguration(faults: readonly string[]): Error {
  return new Error(
    `Bad configuration:\n${faults.map((fault) => `  ${fault}`).join('\n')}\nEvery setting is explained in docs/settings.md.`,
  )
}

const loopback = /^(127(\.\d{1,3}){3}|::1|localhost)$/

function contradictions(env: Settings): string[] {
  const faults: string[] = []
  const hasKeys = env.S3_ACCESS_KEY_ID !== undefined && env.S3_SECRET_ACCESS_KEY !== undefined
  const hasAnyKey = env.S3_ACCESS_KEY_ID !== undefined || env.S3_SECRET_ACCESS_KEY !== undefined
  if (env.S3_ENDPOINT !== undefined && !hasKeys)
    faults.push('S3_ENDPOINT needs S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY beside it')
  if (env.S3_ENDPOINT === undefined && hasAnyKey)
    faults.push('S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY need S3_ENDPOINT beside them')
  if (env.OIDC_ISSUER === undefined && env.OIDC_JWKS_URL !== undefined)
    faults.push('OIDC_JWKS_URL needs OIDC_ISSUER beside it')
  if (env.OIDC_ISSUER === undefined && !env.ALLOW_DEVELOPMENT_ISSUER_IN_NETWORK)
    for (const name of ['API_HOST', 'OPERATOR_HOST', 'ISSUER_HOST', 'GATEWAY_HOST'] as const)
      if (!loopback.test(env[name]))
        faults.push(
          `${name} is not loopback, but without OIDC_ISSUER everyone knows the passwords: set OIDC_ISSUER`,
        )
  if (env.REDIS_URL === undefined)
    for (const name of ['REDIS_CA_FILE', 'REDIS_SENTINEL_PASSWORD'] as const)
      if (env[name] !== undefined) faults.push(`${name} needs REDIS_URL beside it`)
  return [...faults, ...edgeFaults(env), ...identityFaults(env), ...disorders(env)]
}

/** Pairs of which the first must not be larger than the second. */
function disorders(env: Settings): string[] {
  const pairs = [
    ['LEASE_TTL_MIN_SECONDS', 'LEASE_TTL_DEFAULT_SECONDS'],
    ['LEASE_TTL_DEFAULT_SECONDS', 'LEASE_TTL_MAX_SECONDS'],
    ['TASK_TIME_LIMIT_DEFAULT_SECONDS', 'TASK_TIME_LIMIT_MAX_SECONDS'],
    ['TASK_HEARTBEAT_SECONDS', 'TASK_HEARTBEAT_LOST_SECONDS'],
  ] as const
  return pairs
    .filter(([less, more]) => env[less] > env[more])
    .map(([less, more]) => `${less} must not be larger than ${more}`)
}

const secondMs = 1_000
const mebibyte = 1_048_576
const gibibyte = 1_024 * mebibyte

function toConfig(env: Settings, pools: Config['pools']): Config {
  return {
    stateFolder: resolve(env.LEASEHOLD_STATE),
    cacheFolder: resolve(env.LEASEHOLD_CACHE ?? env.LEASEHOLD_STATE),
    masterKey: env.LEASEHOLD_MASTER_KEY ?? null,
    logLevel: env.LOG_LEVEL,
    shutdownMs: env.SHUTDOWN_SECONDS * secondMs,
    ...storesOf(env),
    ...addressesOf(env),
    edge: edgeFrom(env),
    pools,
    ...workOf(env),
    limits: {
      uploadBytes: env.UPLOAD_MAX_MIB * mebibyte,
      bodyBytes: env.BODY_MAX_KIB * 1_024,
      readsPerMinute: env.RATE_READS_PER_MINUTE,
      writesPerMinute: env.RATE_WRITES_PER_MINUTE,
      unauthenticatedPerMinute: env.RATE_UNAUTHENTICATED_PER_MINUTE,
    },
    worker: {
      host: env.WORKER_HOST,
      port: env.WORKER_PORT,
      sweepMs: env.SWEEP_SECONDS * secondMs,
      orphanSweepMs: env.ORPHAN_SWEEP_SECONDS * secondMs,
      concurrency: env.WORKER_CONCURRENCY,
    },
  }
}

function storesOf(
  env: Settings,
): Pick<Config, 'database' | 'queue' | 'objectStore' | 'bucketBytes' | 'identity'> {
  return {
    database: {
      maxConnections: env.DATABASE_MAX_CONNECTIONS,
      ...(env.DATABASE_URL === undefined
        ? { kind: 'embedded' }
        : { kind: 'external', url: env.DATABASE_URL }),
    },
    queue: redisFrom(env) ?? { kind: 'postgres' },
    objectStore:
      env.S3_ENDPOINT === undefined
        ? { kind: 'embedded' }
        : {
            kind: 's3',
            endpoint: env.S3_ENDPOINT,
            region: env.S3_REGION,
            accessKeyId: env.S3_ACCESS_KEY_ID ?? '',
            secretAccessKey: env.S3_SECRET_ACCESS_KEY ?? '',
            publicEndpoint: baseUrl(env.S3_PUBLIC_ENDPOINT),
            iamEndpoint: baseUrl(env.S3_IAM_ENDPOINT),
            roleArn: env.S3_ROLE_ARN ?? null,
          },
    bucketBytes: env.BUCKET_MAX_GIB === undefined ? null : env.BUCKET_MAX_GIB * gibibyte,
    identity: identityFrom(env),
  }
}

function addressesOf(env: Settings): Pick<Config, 'api' | 'operator' | 'runApi' | 'gateway'> {
  return {
    api: {
      host: env.API_HOST,
      port: env.API_PORT,
      publicUrl: baseUrl(env.API_PUBLIC_URL),
      tls: tlsFrom(env, 'API'),
    },
    operator: {
      tls: tlsFrom(env, 'OPERATOR'),
      host: env.OPERATOR_HOST,
      port: env.OPERATOR_PORT,
      publicUrl: baseUrl(env.OPERATOR_PUBLIC_URL),
    },
    runApi: { host: env.RUN_API_HOST, port: env.RUN_API_PORT },
    gateway: {
      tls: tlsFrom(env, 'GATEWAY'),
      host: env.GATEWAY_HOST,
      port: env.GATEWAY_PORT,
      domain: env.GATEWAY_DOMAIN,
      publicUrl: baseUrl(env.GATEWAY_PUBLIC_URL),
      sshHost: env.SSH_HOST,
      sshPort: env.SSH_PORT,
      sshPublicHost: env.SSH_PUBLIC_HOST ?? env.SSH_HOST,
    },
  }
}

function baseUrl(url: string | undefined): string | null {
  return url === undefined ? null : url.replace(/\/+$/, '')
}

function workOf(env: Settings): Pick<Config, 'leases' | 'tasks'> {
  return {
    leases: {
      deadlines: {
        queueMs: env.LEASE_QUEUE_SECONDS * secondMs,
        bootMs: env.LEASE_BOOT_SECONDS * secondMs,
        graceMs: env.LEASE_GRACE_SECONDS * secondMs,
        keepStoppedMs: env.LEASE_KEEP_STOPPED_SECONDS * secondMs,
      },
      timeToLive: {
        minMs: env.LEASE_TTL_MIN_SECONDS * secondMs,
        defaultMs: env.LEASE_TTL_DEFAULT_SECONDS * secondMs,
        maxMs: env.LEASE_TTL_MAX_SECONDS * secondMs,
      },
    },
    tasks: {
      deadlines: {
        queueMs: env.TASK_QUEUE_SECONDS * secondMs,
        startMs: env.TASK_START_SECONDS * secondMs,
        heartbeatMs: env.TASK_HEARTBEAT_LOST_SECONDS * secondMs,
        graceMs: env.TASK_GRACE_SECONDS * secondMs,
      },
      heartbeatSeconds: env.TASK_HEARTBEAT_SECONDS,
      timeLimit: {
        defaultMs: env.TASK_TIME_LIMIT_DEFAULT_SECONDS * secondMs,
        maxMs: env.TASK_TIME_LIMIT_MAX_SECONDS * secondMs,
      },
      logBytes: env.TASK_LOG_MAX_MIB * mebibyte,
      outputBytes: env.TASK_OUTPUTS_MAX_MIB * mebibyte,
    },
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null)
    for (const part of Object.values(Object.freeze(value))) deepFreeze(part)
  return value
}
