import type { SettingName } from './settings.ts'

/** What a reader of the settings table needs to know about one variable, besides its type. */
type Meaning = {
  readonly group: string
  readonly description: string
  /** What happens when it is not set and has no default. */
  readonly absent?: string
  /** May also be given as `<NAME>_FILE`, and is never printed. */
  readonly secret?: boolean
}

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
    'PostgreSQL 15 or later, `postgres://user:password@host:5432/name`; over TLS with `?sslmode=verify-full`, and `&sslrootcert=/path/ca.pem` where the authority is your own.',
    'an embedded PostgreSQL',
  ),
  DATABASE_MAX_CONNECTIONS: meaning(
    'Database and queue',
    'Connections of one process for data. At start it is compared, with those of the queue, with what the server takes.',
  ),
  REDIS_URL: secret(
    'Database and queue',
    'Redis for the queue and for rate limits of several replicas: `redis://user:password@host:6379/0`, `redis+sentinel://user:password@host:26379,host:26379/primary/0` or `redis+cluster://user:password@host:6379,host:6379`; with `rediss` over TLS.',
    'the queue lives in PostgreSQL, and each replica counts its rate limits by itself',
  ),
  REDIS_CA_FILE: meaning(
    'Database and queue',
    'Path of a PEM file: authorities that may vouch for the certificates of Redis.',
    { absent: 'those of the system' },
  ),
  REDIS_SENTINEL_USERNAME: meaning('Database and queue', 'User at the sentinels.', {
    absent: 'the default user',
  }),
  REDIS_SENTINEL_PASSWORD: secret(
    'Database and queue',
    'Password of the sentinels.',
    'sentinels without one',
  ),
  S3_ENDPOINT: meaning('Object store', 'Address of an S3 server.', {
    absent: 'an embedded object store, for one machine',
  }),
  S3_REGION: meaning('Object store', 'Region that requests are signed for.'),
  BUCKET_MAX_GIB: meaning(
    'Object store',
    'What the bucket of a tenant without the quota `bucket-gib` may hold, where the store can limit it (MinIO).',
    {
      absent: 'as much as there is room',
    },
  ),
  S3_PUBLIC_ENDPOINT: meaning(
    'Object store',
    'Address of the S3 server for renters: in links, and beside their keys.',
    {
      absent: 'S3_ENDPOINT',
    },
  ),
  S3_IAM_ENDPOINT: meaning(
    'Object store',
    'Where the store has IAM and STS, which make keys for renters.',
    {
      absent: 'S3_ENDPOINT',
    },
  ),
  S3_ROLE_ARN: meaning(
    'Object store',
    'Role that sessions of renters assume, for stores that have roles.',
    {
      absent: 'a name that stores without roles do not look at',
    },
  ),
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
  OIDC_LOGOUT_CLIENTS: meaning('Identity', 'Clients whose logout tokens end sign-ins here.'),
  OIDC_ROLES_CLAIM: meaning(
    'Identity',
    'Claim that lists the roles `operator` and `admin`; dots lead into objects.',
  ),
  OIDC_GROUPS_CLAIM: meaning('Identity', 'Claim that lists groups, for `OIDC_GROUP_PATTERN`.'),
  OIDC_GROUP_PATTERN: meaning(
    'Identity',
    'How a group names a tenant’s slug and a role: `leasehold-{tenant}-{role}`. For issuers other than Keycloak.',
    { absent: 'Keycloak’s claim `organization` says so' },
  ),
  KEYCLOAK_JSON: meaning(
    'Identity',
    'Path of the `keycloak.json` that the console exports: issuer and audience come from it.',
    { absent: 'they are set one by one' },
  ),
  KEYCLOAK_ADMIN_URL: meaning('Identity', 'Admin API of the realm.', {
    absent: '`/admin/realms/<realm>` beside `OIDC_ISSUER`',
  }),
  KEYCLOAK_PROVISIONER_ID: meaning('Identity', 'Client that manages organizations and people.'),
  KEYCLOAK_PROVISIONER_SECRET: secret(
    'Identity',
    'Its secret.',
    'Leasehold makes no organizations, and people are managed at the issuer',
  ),
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
  WORKER_HOST: meaning('Addresses', 'Address a worker shows its health and metrics on.'),
  WORKER_PORT: meaning('Addresses', 'Port of that; 0 takes any free one.'),
  API_TLS_CERTIFICATE_FILE: meaning(
    'Edge',
    'Path of a PEM file: the certificate chain of the tenant API. Read again when it changes.',
    { absent: 'HTTP, for a proxy in front that speaks TLS' },
  ),
  API_TLS_KEY_FILE: meaning('Edge', 'Path of a PEM file: the key of that certificate.', {
    absent: 'needed by API_TLS_CERTIFICATE_FILE',
  }),
  OPERATOR_TLS_CERTIFICATE_FILE: meaning(
    'Edge',
    'Path of a PEM file: the certificate chain of the operator API. Read again when it changes.',
    { absent: 'HTTP, for a proxy in front that speaks TLS' },
  ),
  OPERATOR_TLS_KEY_FILE: meaning('Edge', 'Path of a PEM file: the key of that certificate.', {
    absent: 'needed by OPERATOR_TLS_CERTIFICATE_FILE',
  }),
  GATEWAY_TLS_CERTIFICATE_FILE: meaning(
    'Edge',
    'Path of a PEM file: the certificate chain of the gateway for browsers. Read again when it changes.',
    { absent: 'HTTP, for a proxy in front that speaks TLS' },
  ),
  GATEWAY_TLS_KEY_FILE: meaning('Edge', 'Path of a PEM file: the key of that certificate.', {
    absent: 'needed by GATEWAY_TLS_CERTIFICATE_FILE',
  }),
  TRUSTED_PROXIES: meaning(
    'Edge',
    'Addresses and networks of the proxies in front, comma-separated. `X-Forwarded-For` is read from its right end: the first address that is none of theirs is the client.',
    { absent: 'nobody is believed: the client is who connects' },
  ),
  OPERATOR_ALLOWED_NETWORKS: meaning(
    'Edge',
    'Networks from which the operator API may be used, comma-separated. Health stays open.',
    { absent: 'everywhere' },
  ),
  OPERATOR_DENIED_NETWORKS: meaning(
    'Edge',
    'Networks from which the operator API may not be used, comma-separated; goes before what is allowed.',
    { absent: 'none' },
  ),
  API_CORS_ORIGINS: meaning(
    'Edge',
    'Origins whose pages may call the tenant API from a browser, `https://console.example`, comma-separated.',
    { absent: 'none' },
  ),
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
