import { type Static, type TSchema, Type } from 'typebox'

/** What a reader of the settings table needs to know about one variable, besides its type. */
type Meaning = {
  readonly group: string
  readonly description: string
  /** What happens when it is not set and has no default. */
  readonly absent?: string
  /** May also be given as `<NAME>_FILE`, and is never printed. */
  readonly secret?: boolean
}

const port = (fallback: number) => Type.Integer({ minimum: 0, maximum: 65_535, default: fallback })
const whole = (minimum: number, maximum: number, fallback: number) =>
  Type.Integer({ minimum, maximum, default: fallback })
const optional = (options: object = {}) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 4_096, ...options }))
const host = (fallback: string) => Type.String({ minLength: 1, maxLength: 253, default: fallback })
const name = (fallback: string) =>
  Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', default: fallback })

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
  REDIS_URL: optional({ pattern: '^rediss?://' }),

  S3_ENDPOINT: optional({ pattern: '^https?://' }),
  S3_REGION: Type.String({ minLength: 1, default: 'us-east-1' }),
  S3_ACCESS_KEY_ID: optional(),
  S3_SECRET_ACCESS_KEY: optional(),

  OIDC_ISSUER: optional({ pattern: '^https?://' }),
  OIDC_AUDIENCE: Type.String({ minLength: 1, default: 'leasehold' }),
  OIDC_JWKS_URL: optional({ pattern: '^https?://' }),
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

const meaning = (group: string, description: string, more: Partial<Meaning> = {}): Meaning => ({
  group,
  description,
  ...more,
})
const secret = (group: string, description: string, absent: string) =>
  meaning(group, description, { absent, secret: true })

/** A new variable does not compile until it is explained here; the settings table is made from it. */
export const meanings: Record<SettingName, Meaning> = {
  LEASEHOLD_STATE: meaning('General', 'Folder of everything the embedded parts keep.'),
  LEASEHOLD_CACHE: meaning(
    'General',
    'Folder of what can be made again: guest images, downloaded programs. May be shared.',
    { absent: 'the state folder' },
  ),
  LEASEHOLD_MASTER_KEY: secret(
    'General',
    'Key from which access secrets are derived; at least 32 characters.',
    'one is generated in the state folder',
  ),
  LOG_LEVEL: meaning('General', 'Least important log line that is written.'),
  SHUTDOWN_SECONDS: meaning('General', 'How long work in progress may take to finish at shutdown.'),
  DATABASE_URL: secret(
    'Database and queue',
    'PostgreSQL to use, `postgres://…`.',
    'an embedded PostgreSQL',
  ),
  DATABASE_MAX_CONNECTIONS: meaning('Database and queue', 'Connections of one process for data.'),
  REDIS_URL: secret(
    'Database and queue',
    'Redis for the queue, `redis://…` or `rediss://…`.',
    'the queue lives in PostgreSQL',
  ),
  S3_ENDPOINT: meaning('Object store', 'Address of an S3 server.', {
    absent: 'an embedded object store, for one machine',
  }),
  S3_REGION: meaning('Object store', 'Region that requests are signed for.'),
  S3_ACCESS_KEY_ID: secret('Object store', 'Access key of the S3 server.', 'needed by S3_ENDPOINT'),
  S3_SECRET_ACCESS_KEY: secret(
    'Object store',
    'Secret of the access key.',
    'needed by S3_ENDPOINT',
  ),
  OIDC_ISSUER: meaning('Identity', 'Issuer of tokens, exactly as in their `iss`.', {
    absent: 'a development issuer with known passwords',
  }),
  OIDC_AUDIENCE: meaning('Identity', 'Audience that tokens must name.'),
  OIDC_JWKS_URL: meaning('Identity', 'Where the keys of the issuer are.', {
    absent: 'issuer + `/protocol/openid-connect/certs`, as Keycloak has it',
  }),
  ISSUER_HOST: meaning('Identity', 'Address the development issuer listens on.'),
  ISSUER_PORT: meaning('Identity', 'Port of the development issuer; 0 takes any free one.'),
  ISSUER_REALM: meaning('Identity', 'Realm of the development issuer.'),
  ALLOW_DEVELOPMENT_ISSUER_IN_NETWORK: meaning(
    'Identity',
    'Allow hosts other than loopback although everyone knows the passwords.',
  ),
  API_HOST: meaning('Addresses', 'Address the tenant API listens on.'),
  API_PORT: meaning('Addresses', 'Port of the tenant API; 0 takes any free one.'),
  API_PUBLIC_URL: meaning('Addresses', 'How clients reach the tenant API.', {
    absent: 'host and port',
  }),
  OPERATOR_HOST: meaning('Addresses', 'Address the operator API listens on.'),
  OPERATOR_PORT: meaning('Addresses', 'Port of the operator API; 0 takes any free one.'),
  OPERATOR_PUBLIC_URL: meaning('Addresses', 'How operators reach their API.', {
    absent: 'host and port',
  }),
  RUN_API_HOST: meaning('Addresses', 'Address the run API listens on, for agents in machines.'),
  RUN_API_PORT: meaning('Addresses', 'Port of the run API; 0 takes any free one.'),
  GATEWAY_HOST: meaning('Addresses', 'Address the gateway listens on for browsers.'),
  GATEWAY_PORT: meaning('Addresses', 'Port of the gateway for browsers; 0 takes any free one.'),
  GATEWAY_DOMAIN: meaning('Addresses', 'Domain under which each lease has a name of its own.'),
  GATEWAY_PUBLIC_URL: meaning('Addresses', 'Scheme and port browsers use, `https://domain`.', {
    absent: '`http://<GATEWAY_DOMAIN>:<port>`',
  }),
  SSH_HOST: meaning('Addresses', 'Address the SSH gateway listens on.'),
  SSH_PORT: meaning('Addresses', 'Port of the SSH gateway; 0 takes any free one.'),
  SSH_PUBLIC_HOST: meaning('Addresses', 'Host name in the SSH commands given to renters.', {
    absent: 'SSH_HOST',
  }),
  LEASEHOLD_POOLS: meaning(
    'Pool',
    'Path of a YAML or JSON file that lists every pool: this computer, clusters. The other settings of this group then count for nothing. Example: `deploy/kubernetes/pools.example.yaml`.',
    { absent: 'one pool, this computer, by the settings below' },
  ),
  POOL_NAME: meaning('Pool', 'Name of the pool on this computer.'),
  POOL_REGION: meaning('Pool', 'Region the pool is in.'),
  POOL_VCPU: meaning('Pool', 'Virtual CPUs that may be rented.', { absent: 'what the host has' }),
  POOL_MEMORY_MIB: meaning('Pool', 'Memory that may be rented, MiB.', {
    absent: 'what the host can spare',
  }),
  POOL_DISK_GIB: meaning('Pool', 'Disk that may be rented, GiB.', {
    absent: 'what the state folder can spare',
  }),
  GUEST_IMAGE: meaning('Pool', 'Path or address of a cloud image for machines.', {
    absent: 'an image is built',
  }),
  LEASE_QUEUE_SECONDS: meaning('Leases', 'How long a lease may wait for a place.'),
  LEASE_BOOT_SECONDS: meaning('Leases', 'How long a machine may take until SSH answers.'),
  LEASE_GRACE_SECONDS: meaning('Leases', 'How long a guest may take to shut down.'),
  LEASE_KEEP_STOPPED_SECONDS: meaning('Leases', 'How long the disk of a stopped lease is kept.'),
  LEASE_TTL_MIN_SECONDS: meaning('Leases', 'Shortest time to live that can be asked for.'),
  LEASE_TTL_DEFAULT_SECONDS: meaning('Leases', 'Time to live when none is asked for.'),
  LEASE_TTL_MAX_SECONDS: meaning('Leases', 'Longest time to live, extensions included.'),
  TASK_QUEUE_SECONDS: meaning('Tasks', 'How long a task may wait for a place.'),
  TASK_START_SECONDS: meaning('Tasks', 'How long a run may take until its agent reports.'),
  TASK_HEARTBEAT_SECONDS: meaning('Tasks', 'How often the agent reports.'),
  TASK_HEARTBEAT_LOST_SECONDS: meaning('Tasks', 'Silence after which a run is taken for lost.'),
  TASK_GRACE_SECONDS: meaning('Tasks', 'How long outputs may take to upload.'),
  TASK_TIME_LIMIT_DEFAULT_SECONDS: meaning('Tasks', 'Time limit when none is asked for.'),
  TASK_TIME_LIMIT_MAX_SECONDS: meaning('Tasks', 'Longest time limit.'),
  TASK_LOG_MAX_MIB: meaning('Tasks', 'Log kept of one task, MiB; the rest is dropped.'),
  TASK_OUTPUTS_MAX_MIB: meaning('Tasks', 'Outputs kept of one task, MiB.'),
  UPLOAD_MAX_MIB: meaning('Limits', 'Largest file in one upload, MiB.'),
  BODY_MAX_KIB: meaning('Limits', 'Largest JSON body, KiB.'),
  RATE_READS_PER_MINUTE: meaning('Limits', 'Reading requests of one tenant.'),
  RATE_WRITES_PER_MINUTE: meaning('Limits', 'Writing requests of one tenant.'),
  RATE_UNAUTHENTICATED_PER_MINUTE: meaning('Limits', 'Refused tokens from one address.'),
  SWEEP_SECONDS: meaning('Workers', 'How often rows that are due are looked for.'),
  ORPHAN_SWEEP_SECONDS: meaning('Workers', 'How often machines without an owner are looked for.'),
  WORKER_CONCURRENCY: meaning('Workers', 'Jobs of one kind at the same time in one process.'),
}
