import { Type } from 'typebox'
import { oneOf } from './schema-parts.ts'

const plainName = '^[A-Za-z0-9][A-Za-z0-9._-]*$'
const closed = { additionalProperties: false }
/** A Kubernetes label or taint key: an optional DNS prefix, a slash, a name. */
const labelKey =
  '^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$'
const labelValue = '^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$'
const takenValue = Type.String({ maxLength: 63, pattern: labelValue })
const overcommit = (what: string) =>
  Type.Optional(
    Type.Integer({
      minimum: 100,
      maximum: 150,
      description: `${what} per one that is reserved, in hundredths. Absent: 100, nothing is shared.`,
      examples: [150],
    }),
  )

export const cpuFields = Type.Object(
  {
    sockets: Type.Integer({ minimum: 1, maximum: 16, examples: [1] }),
    cores: Type.Integer({ minimum: 1, maximum: 256, examples: [2] }),
    threads: Type.Integer({ minimum: 1, maximum: 8, examples: [1] }),
    model: Type.String({
      minLength: 1,
      maxLength: 64,
      pattern: plainName,
      examples: ['host-model'],
    }),
    features: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({
              minLength: 1,
              maxLength: 64,
              pattern: plainName,
              examples: ['avx2'],
            }),
            policy: oneOf(['force', 'require', 'optional', 'disable', 'forbid']),
          },
          closed,
        ),
        { maxItems: 64, description: 'What the model is given beside, or denied.' },
      ),
    ),
    dedicated: Type.Optional(
      Type.Object(
        { numaPassthrough: Type.Boolean(), isolatedEmulatorThread: Type.Boolean() },
        { ...closed, description: 'CPUs of its own. Absent: shared with others.' },
      ),
    ),
    overcommitPercent: overcommit('vCPUs'),
    maxSockets: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 512,
        description: 'Up to how many sockets it may grow while it runs. Absent: it cannot.',
      }),
    ),
  },
  closed,
)

const memoryPolicy = Type.Object(
  {
    hugePages: Type.Optional(oneOf(['2Mi', '1Gi'])),
    maxMiB: Type.Optional(
      Type.Integer({
        minimum: 1_024,
        maximum: 67_108_864,
        description: 'Up to how much memory it may grow while it runs. Absent: it cannot.',
      }),
    ),
    overcommitPercent: overcommit('MiB of the guest'),
    avoidPageMerging: Type.Optional(
      Type.Boolean({ description: 'Keep off nodes that merge equal pages of machines.' }),
    ),
    guestSwapOff: Type.Optional(Type.Boolean()),
    balloonStatistics: Type.Optional(Type.Boolean({ description: 'Absent: on.' })),
  },
  closed,
)

const placementPolicy = Type.Object(
  {
    nodeLabels: Type.Optional(
      Type.Record(Type.String({ pattern: labelKey }), takenValue, {
        maxProperties: 16,
        additionalProperties: false,
        description: 'Only on nodes with all of these labels.',
        examples: [{ 'example.com/disk': 'nvme' }],
      }),
    ),
    tolerations: Type.Optional(
      Type.Array(
        Type.Object(
          {
            key: Type.String({ pattern: labelKey, maxLength: 317, examples: ['dedicated'] }),
            value: Type.Optional(
              Type.String({
                maxLength: 63,
                pattern: labelValue,
                description: 'Absent: any value.',
              }),
            ),
            effect: oneOf(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
          },
          closed,
        ),
        { maxItems: 16, description: 'Taints of nodes that it stands.' },
      ),
    ),
    apartFrom: Type.Optional(
      oneOf(['same-tenant', 'same-machine-type'], {
        description: 'On no node that holds a machine of the same tenant, or of the same type.',
      }),
    ),
  },
  closed,
)

export const diskFields = Type.Array(
  Type.Object(
    {
      role: oneOf(['system', 'data', 'log']),
      sizeGiB: Type.Integer({ minimum: 1, maximum: 65_536, examples: [10] }),
      storageClass: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 253,
          pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$',
          description: 'A class that the pool knows. Absent: the pool’s class for that role.',
        }),
      ),
    },
    closed,
  ),
  { minItems: 1, maxItems: 8 },
)

/** How a machine is kept, beyond its sizes. What is absent is kept in the platform's ordinary way. */
export const shapePolicies = {
  memory: Type.Optional(memoryPolicy),
  multiQueue: Type.Optional(
    Type.Object(
      { network: Type.Boolean(), disks: Type.Boolean() },
      { ...closed, description: 'One queue per vCPU. Absent: one queue.' },
    ),
  ),
  placement: Type.Optional(placementPolicy),
  onNodeDrain: Type.Optional(
    oneOf(['shut-down', 'move-if-possible'], { description: 'Absent: shut-down.' }),
  ),
  critical: Type.Optional(
    Type.Boolean({ description: 'Everything it is given is reserved; never overcommitted.' }),
  ),
}
