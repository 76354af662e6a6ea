import { type Static, Type } from 'typebox'
import { Resources } from './machine-type.ts'
import {
  catalogueName,
  component,
  displayName,
  id,
  Labels,
  labelQuery,
  listOf,
  Micros,
  nullable,
  oneOf,
  pageOf,
  pageQuery,
  ref,
  Timestamp,
} from './schema-parts.ts'
import { PublicKeyLine } from './ssh-key.ts'

export const leaseStateNames = [
  'queued',
  'provisioning',
  'ready',
  'stopping',
  'stopped',
  'released',
  'failed',
] as const

export const leaseReasonNames = [
  'stopped-by-tenant',
  'powered-off',
  'start-failed',
  'restarted-by-tenant',
  'released-by-tenant',
  'tenant-removed',
  'expired',
  'exceeds-quota',
  'queue-timed-out',
  'boot-timed-out',
  'machine-lost',
  'machine-refused',
] as const

export const leaseActionWords = ['stop', 'start', 'restart', 'extend', 'release'] as const

/** One thing that is or is not so about a lease, with words for people. */
export const LeaseCondition = component(
  'LeaseCondition',
  Type.Object(
    {
      type: oneOf(['placed', 'booted', 'reachable', 'disk-kept'], {
        description:
          '`placed`: a pool has room set aside. `booted`: the machine runs. `reachable`: SSH answers. `disk-kept`: the disk exists.',
      }),
      met: Type.Boolean(),
      since: Timestamp,
    },
    { additionalProperties: false },
  ),
)
export type LeaseCondition = Static<typeof LeaseCondition>

/** How to reach a ready machine by SSH: through the gateway, which knows each machine by its lease. */
export const SshAccess = component(
  'SshAccess',
  Type.Object(
    {
      host: Type.String({ description: 'The SSH gateway.', examples: ['127.0.0.1'] }),
      port: Type.Integer({ minimum: 1, maximum: 65_535, examples: [2_222] }),
      user: Type.String({ description: 'Account in the machine.', examples: ['leasehold'] }),
      command: Type.String({
        description:
          'Ready to paste into a shell: jumps through the gateway and trusts exactly the keys below.',
        examples: ['ssh -o HostKeyAlias=lse_0193a7c2 … leasehold@lse_0193a7c2'],
      }),
      hostKeys: Type.Array(Type.String({ examples: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ…'] }), {
        description: 'Public host keys of the machine, for `known_hosts`.',
      }),
      gatewayUser: Type.String({
        description: 'User name for the gateway itself.',
        examples: ['lse_0193a7c2'],
      }),
      gatewayHostKeys: Type.Array(Type.String(), {
        description: 'Public host keys of the gateway, for `known_hosts`.',
      }),
    },
    { additionalProperties: false },
  ),
)

/** How to reach a ready machine’s Jupyter. */
export const JupyterAccess = component(
  'JupyterAccess',
  Type.Object(
    {
      linkUrl: Type.String({
        description: 'POST to it to get a one-time link for a browser.',
        examples: ['/v1/leases/lse_0193a7c2/jupyter-link'],
      }),
      origin: Type.String({ examples: ['http://lse-0193a7c2.localhost:8082'] }),
    },
    { additionalProperties: false },
  ),
)

export const LeaseAccess = component(
  'LeaseAccess',
  Type.Object(
    { ssh: nullable(ref(SshAccess)), jupyter: nullable(ref(JupyterAccess)) },
    { additionalProperties: false, description: 'Null where there is none, or none now.' },
  ),
)
export type LeaseAccess = Static<typeof LeaseAccess>

/** Time and money so far. */
export const UsageSoFar = component(
  'UsageSoFar',
  Type.Object(
    { seconds: Type.Integer({ minimum: 0, examples: [3_600] }), costMicros: Micros },
    { additionalProperties: false },
  ),
)

/** A machine of one's own. */
export const Lease = component(
  'Lease',
  Type.Object(
    {
      id: id('lse_0193a7c2'),
      name: displayName('training'),
      labels: Labels,
      state: oneOf(leaseStateNames),
      reason: nullable(
        oneOf(leaseReasonNames, { description: 'Why it ends or ended; null while it does not.' }),
      ),
      enteredStateAt: Timestamp,
      deadlineAt: nullable(
        Type.String({
          format: 'date-time',
          description: 'When the state ends by itself at the latest; null in an end state.',
        }),
      ),
      waitingFor: nullable(Type.String({ examples: ['vcpu in the pool: needs 2, free 1'] })),
      conditions: Type.Array(ref(LeaseCondition)),
      actions: Type.Array(oneOf(leaseActionWords), {
        description: 'The moves that are possible now.',
      }),
      machineType: catalogueName('tiny'),
      image: catalogueName('debian-12'),
      pool: catalogueName('local'),
      resources: ref(Resources),
      access: ref(LeaseAccess),
      timeToLiveSeconds: Type.Integer({ examples: [3_600] }),
      expiresAt: nullable(Timestamp),
      pricePerHourMicros: Micros,
      usage: ref(UsageSoFar),
      createdAt: Timestamp,
      createdBy: Type.String({ examples: ['7a1c9f0e-olivia'] }),
    },
    { additionalProperties: false },
  ),
)
export type Lease = Static<typeof Lease>
export const LeasePage = pageOf('LeasePage', Lease)

export const RequestLeaseBody = component(
  'RequestLeaseBody',
  Type.Object(
    {
      machineType: catalogueName('tiny'),
      name: Type.Optional(displayName('training')),
      image: Type.Optional(catalogueName('debian-12')),
      pool: Type.Optional(catalogueName('local')),
      sshKeyIds: Type.Optional(
        Type.Array(id('key_0193a7c2'), {
          maxItems: 20,
          uniqueItems: true,
          description: 'Keys on file that may log in.',
        }),
      ),
      sshPublicKeys: Type.Optional(
        Type.Array(PublicKeyLine, { maxItems: 20, description: 'Further keys, as they are.' }),
      ),
      timeToLiveSeconds: Type.Optional(
        Type.Integer({
          minimum: 60,
          maximum: 31_536_000,
          description: 'How long it lives once it is ready; the operator sets default and maximum.',
          examples: [3_600],
        }),
      ),
      labels: Type.Optional(Labels),
    },
    {
      additionalProperties: false,
      examples: [{ machineType: 'tiny', sshKeyIds: ['key_0193a7c2'], timeToLiveSeconds: 3_600 }],
    },
  ),
)
export type RequestLeaseBody = Static<typeof RequestLeaseBody>

export const ExtendLeaseBody = component(
  'ExtendLeaseBody',
  Type.Object(
    {
      extendBySeconds: Type.Integer({
        minimum: 60,
        maximum: 31_536_000,
        description: 'How much later the lease shall expire.',
        examples: [3_600],
      }),
    },
    { additionalProperties: false },
  ),
)
export type ExtendLeaseBody = Static<typeof ExtendLeaseBody>

export const ListLeasesQuery = Type.Object(
  {
    ...pageQuery,
    ...labelQuery,
    state: Type.Optional(
      Type.Array(oneOf(leaseStateNames), { maxItems: leaseStateNames.length, uniqueItems: true }),
    ),
  },
  { additionalProperties: false },
)

/** One entry of a history. `seq` rises by one. */
export const LeaseEvent = component(
  'LeaseEvent',
  Type.Object(
    {
      seq: Type.Integer({ minimum: 1 }),
      at: Timestamp,
      actor: oneOf(['member', 'operator', 'platform']),
      actorId: Type.String({ examples: ['7a1c9f0e-olivia'] }),
      state: oneOf(['requested', ...leaseStateNames]),
      reason: nullable(Type.String({ examples: ['stopped-by-tenant'] })),
      detail: nullable(Type.String()),
    },
    { additionalProperties: false },
  ),
)
export type LeaseEvent = Static<typeof LeaseEvent>
export const LeaseEventList = listOf('LeaseEventList', LeaseEvent)

export const EventsQuery = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 2_147_483_647, default: 0, description: 'A `seq`.' }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 100 })),
  },
  { additionalProperties: false },
)

/** A link that opens the machine’s Jupyter once. */
export const JupyterLink = component(
  'JupyterLink',
  Type.Object(
    {
      url: Type.String({
        description: 'Open it in a browser: it works once and sets a cookie.',
        examples: ['http://lse-0193a7c2.localhost:8082/_leasehold/open/9f2c…'],
      }),
      expiresAt: Timestamp,
    },
    { additionalProperties: false },
  ),
)
export type JupyterLink = Static<typeof JupyterLink>
