import { type Static, type TSchema, Type } from 'typebox'

const port = (fallback: number) => Type.Integer({ minimum: 0, maximum: 65_535, default: fallback })
const whole = (minimum: number, maximum: number, fallback: number) =>
  Type.Integer({ minimum, maximum, default: fallback })
const optional = (options: object = {}) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 4_096, ...options }))
const host = (fallback: string) => Type.String({ minLength: 1, maxLength: 253, default: fallback })
const name = (fallback: string) =>
  Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', default: fallback })

const listOf = (one: string) => `^${one}( *, *${one})*$`
/** Addresses and networks between commas; `load-config.ts` reads them. */
const networks = () => optional({ pattern: listOf('[0-9A-Fa-f.:]+(/\\d{1,3})?') })

const daySeconds = 86_400
const yearSeconds = 365 * daySeconds

/** Every variable Leasehold reads, with its limits and default. Outside the unit is in the name, too. */
export const settings = {
  LEASEHOLD_STATE: Type.String({ minLength: 1, default: '.leasehold' }),
  LEASEHOLD_CACHE: optional(),
  LEASEHOLD_MASTER_KEY: optional({ minLength: 32 }),
  LOG_LEVEL: Type.Union(
    [
      Type.Literal('debug'),
      Type.Literal('info'),
      Type.Literal('warn'),
      Type.Literal('error'),
      Type.Literal('silent'),
    ],
    { default: 'info' },
  ),
  SHUTDOWN_SECONDS: whole(1, 300, 10),

  DATABASE_URL: optional({ pattern: '^postgres(ql)?://' }),
  DATABASE_MAX_CONNECTIONS: whole(2, 500, 10),
  REDIS_URL: optional({ pattern: '^rediss?(\\+sentinel|\\+cluster)?://' }),
  REDIS_CA_FILE: optional(),
  REDIS_SENTINEL_USERNAME: optional(),
  REDIS_SENTINEL_PASSWORD: optional(),

  S3_ENDPOINT: optional({ pattern: '^https?://' }),
  S3_REGION: Type.String({ minLength: 1, default: 'us-east-1' }),
  BUCKET_MAX_GIB: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_048_576 })),
  S3_PUBLIC_ENDPOINT: optional({ pattern: '^https?://' }),
  S3_IAM_ENDPOINT: optional({ pattern: '^https?://' }),
  S3_ROLE_ARN: optional({ pattern: '^arn:' }),
  S3_ACCESS_KEY_ID: optional(),
  S3_SECRET_ACCESS_KEY: optional(),

  OIDC_ISSUER: optional({ pattern: '^https?://' }),
  OIDC_AUDIENCE: Type.String({ minLength: 1, default: 'leasehold-api' }),
  OIDC_JWKS_URL: optional({ pattern: '^https?://' }),
  OIDC_LOGOUT_CLIENTS: Type.String({ maxLength: 1_024, default: 'leasehold-cli' }),
  OIDC_ROLES_CLAIM: Type.String({ minLength: 1, default: 'realm_access.roles' }),
  OIDC_GROUPS_CLAIM: Type.String({ minLength: 1, default: 'groups' }),
  OIDC_GROUP_PATTERN: optional({ maxLength: 256 }),
  KEYCLOAK_JSON: optional(),
  KEYCLOAK_ADMIN_URL: optional({ pattern: '^https?://' }),
  KEYCLOAK_PROVISIONER_ID: Type.String({ minLength: 1, default: 'leasehold-provisioner' }),
  KEYCLOAK_PROVISIONER_SECRET: optional(),
  ISSUER_HOST: host('127.0.0.1'),
  ISSUER_PORT: port(8084),
  ISSUER_REALM: name('leasehold'),
  ALLOW_DEVELOPMENT_ISSUER_IN_NETWORK: Type.Boolean({ default: false }),

  API_HOST: host('127.0.0.1'),
  API_PORT: port(8080),
  API_PUBLIC_URL: optional({ pattern: '^https?://' }),
  OPERATOR_HOST: host('127.0.0.1'),
  OPERATOR_PORT: port(8081),
  OPERATOR_PUBLIC_URL: optional({ pattern: '^https?://' }),
  RUN_API_HOST: host('127.0.0.1'),
  RUN_API_PORT: port(8083),
  GATEWAY_HOST: host('127.0.0.1'),
  GATEWAY_PORT: port(8082),
  GATEWAY_DOMAIN: host('localhost'),
  GATEWAY_PUBLIC_URL: optional({ pattern: '^https?://' }),
  SSH_HOST: host('127.0.0.1'),
  SSH_PORT: port(2222),
  SSH_PUBLIC_HOST: optional(),
  WORKER_HOST: host('127.0.0.1'),
  WORKER_PORT: port(8085),

  API_TLS_CERTIFICATE_FILE: optional(),
  API_TLS_KEY_FILE: optional(),
  OPERATOR_TLS_CERTIFICATE_FILE: optional(),
  OPERATOR_TLS_KEY_FILE: optional(),
  GATEWAY_TLS_CERTIFICATE_FILE: optional(),
  GATEWAY_TLS_KEY_FILE: optional(),
  TRUSTED_PROXIES: networks(),
  OPERATOR_ALLOWED_NETWORKS: networks(),
  OPERATOR_DENIED_NETWORKS: networks(),
  API_CORS_ORIGINS: optional({ pattern: listOf('https?://[A-Za-z0-9.-]+(:\\d{1,5})?') }),

  LEASEHOLD_POOLS: optional(),
  POOL_NAME: name('local'),
  POOL_REGION: name('local'),
  POOL_VCPU: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_096 })),
  POOL_MEMORY_MIB: Type.Optional(Type.Integer({ minimum: 256, maximum: 67_108_864 })),
  POOL_DISK_GIB: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_048_576 })),
  GUEST_IMAGE: optional(),

  LEASE_QUEUE_SECONDS: whole(1, yearSeconds, 3_600),
  LEASE_BOOT_SECONDS: whole(10, daySeconds, 600),
  LEASE_GRACE_SECONDS: whole(1, 3_600, 30),
  LEASE_KEEP_STOPPED_SECONDS: whole(60, yearSeconds, 7 * daySeconds),
  LEASE_TTL_MIN_SECONDS: whole(1, yearSeconds, 60),
  LEASE_TTL_DEFAULT_SECONDS: whole(1, yearSeconds, 4 * 3_600),
  LEASE_TTL_MAX_SECONDS: whole(1, yearSeconds, 30 * daySeconds),

  TASK_QUEUE_SECONDS: whole(1, yearSeconds, daySeconds),
  TASK_START_SECONDS: whole(10, daySeconds, 600),
  TASK_HEARTBEAT_SECONDS: whole(1, 300, 5),
  TASK_HEARTBEAT_LOST_SECONDS: whole(2, 3_600, 60),
  TASK_GRACE_SECONDS: whole(1, daySeconds, 300),
  TASK_TIME_LIMIT_DEFAULT_SECONDS: whole(1, yearSeconds, 3_600),
  TASK_TIME_LIMIT_MAX_SECONDS: whole(1, yearSeconds, 7 * daySeconds),
  TASK_LOG_MAX_MIB: whole(1, 4_096, 64),
  TASK_OUTPUTS_MAX_MIB: whole(1, 1_048_576, 10_240),

  UPLOAD_MAX_MIB: whole(1, 5_242_880, 5_120),
  BODY_MAX_KIB: whole(16, 16_384, 1_024),
  RATE_READS_PER_MINUTE: whole(1, 10_000_000, 6_000),
  RATE_WRITES_PER_MINUTE: whole(1, 10_000_000, 1_200),
  RATE_UNAUTHENTICATED_PER_MINUTE: whole(1, 10_000_000, 600),

  SWEEP_SECONDS: whole(1, 3_600, 2),
  ORPHAN_SWEEP_SECONDS: whole(1, 86_400, 60),
  WORKER_CONCURRENCY: whole(1, 256, 8),
} as const satisfies Record<string, TSchema>

export type SettingName = keyof typeof settings

/** The variables after checking: converted, with defaults, and absent where optional and not given. */
export type Settings = {
  readonly [Name in SettingName]: Static<(typeof settings)[Name]> | AbsentOf<Name>
}
type AbsentOf<Name extends SettingName> = (typeof settings)[Name] extends { '~optional': true }
  ? undefined
  : never
