import { type Static, Type } from 'typebox'
import { LeaseAccess } from './lease-access.ts'
import { Resources } from './machine-type.ts'
import {
  catalogueName,
  component,
  displayName,
  id,
  Labels,
  labelQuery,
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

export const leaseActionWords = ['stop', 'start', 'restart', 'extend', 'resize', 'release'] as const

export const leaseObstacleCodes = [
  'no-room',
  'over-pool-quota',
  'gpu-not-permitted',
  'storage-missing',
  'image-missing',
  'node-lost',
  'pool-degraded',
] as const

export const pendingResizeCodes = ['restart-required'] as const

/** What keeps a machine from coming up although a pool has accepted it. */
export const LeaseObstacle = component(
  'LeaseObstacle',
  Type.Object(
    {
      code: oneOf(leaseObstacleCodes),
      detail: Type.String({ examples: ['3 GPUs are free, but no node has 2.'] }),
      whatToDo: Type.String({ examples: ['Wait: it starts as soon as there is room.'] }),
      since: Timestamp,
    },
    { additionalProperties: false },
  ),
)

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
      obstacle: nullable(ref(LeaseObstacle)),
    },
    { additionalProperties: false },
  ),
)
export type LeaseCondition = Static<typeof LeaseCondition>

/** Another size that was asked for while the machine runs. */
export const PendingResize = component(
  'PendingResize',
  Type.Object(
    {
      code: oneOf(pendingResizeCodes, {
        description: '`restart-required`: the lease has it once its machine was stopped.',
      }),
      whatToDo: Type.String({ examples: ['Restart the lease, or stop and start it.'] }),
      machineType: catalogueName('small'),
      resources: ref(Resources),
      pricePerHourMicros: Micros,
      since: Timestamp,
    },
    { additionalProperties: false },
  ),
)

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
      reasonDetail: nullable(
        Type.String({
          description:
            'What is known beyond the reason; begins with the code of the obstacle, where one led there.',
          examples: ['no-room: 3 GPUs are free, but no node has 2.'],
        }),
      ),
      enteredStateAt: Timestamp,
      deadlineAt: nullable(
        Type.String({
          format: 'date-time',
          description: 'When the state ends by itself at the latest; null in an end state.',
        }),
      ),
      waitingFor: nullable(
        Type.String({
          description: 'What a queued lease, or the machine of a provisioning one, waits for.',
          examples: ['vcpu in the pool: needs 2, free 1'],
        }),
      ),
      conditions: Type.Array(ref(LeaseCondition)),
      actions: Type.Array(oneOf(leaseActionWords), {
        description: 'The moves that are possible now.',
      }),
      machineType: catalogueName('tiny'),
      image: catalogueName('debian-12'),
      pool: catalogueName('local'),
      resources: ref(Resources),
      pendingResize: nullable(ref(PendingResize)),
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

export const ResizeLeaseBody = component(
  'ResizeLeaseBody',
  Type.Object(
    {
      machineType: {
        ...catalogueName('small'),
        description:
          'The one whose CPUs, memory and price the lease has from its next start on. The one it has takes back what was asked for before.',
      },
    },
    { additionalProperties: false },
  ),
)
export type ResizeLeaseBody = Static<typeof ResizeLeaseBody>

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
