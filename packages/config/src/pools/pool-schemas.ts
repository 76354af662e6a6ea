import { type Static, type TSchema, Type } from 'typebox'

const closed = { additionalProperties: false }
const poolName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' })
const catalogueName = '^[a-z0-9][a-z0-9.-]{0,62}$'
const dnsLabel = Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' })
const objectName = Type.String({ pattern: '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$' })
/** `vendor.example/name`: an extended resource is never a PCI address. */
const resourceName = Type.String({
  pattern: '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$',
})
const cidr = Type.String({ pattern: '^[0-9a-fA-F:.]+/\\d{1,3}$' })
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength })
const byName = <Schema extends TSchema>(schema: Schema) =>
  Type.Record(Type.String({ pattern: catalogueName }), schema, { maxProperties: 256, ...closed })
const labels = Type.Record(Type.String(), Type.String({ maxLength: 63 }), { maxProperties: 32 })

const common = {
  name: poolName,
  region: poolName,
  /** Entries of the starter catalogue that this pool offers. */
  machineTypes: Type.Array(Type.String({ pattern: catalogueName }), { maxItems: 64, default: [] }),
}

export const localPoolSchema = Type.Object(
  {
    kind: Type.Literal('local'),
    ...common,
    limits: Type.Optional(
      Type.Object(
        {
          vcpu: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_096 })),
          memoryMiB: Type.Optional(Type.Integer({ minimum: 256, maximum: 67_108_864 })),
          diskGiB: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_048_576 })),
        },
        closed,
      ),
    ),
    guestImage: Type.Optional(text(4_096)),
  },
  closed,
)

const storageClasses = Type.Object(
  {
    default: objectName,
    system: Type.Optional(objectName),
    data: Type.Optional(objectName),
    log: Type.Optional(objectName),
  },
  closed,
)

const tierRules = Type.Object(
  {
    cpuOvercommitPercent: Type.Optional(Type.Integer({ minimum: 100, maximum: 150 })),
    memoryOvercommitPercent: Type.Optional(Type.Integer({ minimum: 100, maximum: 150 })),
    hardLimits: Type.Optional(Type.Boolean()),
    criticalNeedsDedicatedCpus: Type.Optional(Type.Boolean()),
    dedicatedCpus: Type.Optional(Type.Boolean()),
    internet: Type.Optional(
      Type.Union([Type.Literal('none'), Type.Literal('web'), Type.Literal('all')]),
    ),
    podSecurity: Type.Optional(Type.Union([Type.Literal('baseline'), Type.Literal('restricted')])),
    migration: Type.Optional(
      Type.Object(
        {
          parallel: Type.Integer({ minimum: 0, maximum: 1_000 }),
          vcpu: Type.Integer({ minimum: 0, maximum: 512 }),
          memoryMiB: Type.Integer({ minimum: 0, maximum: 67_108_864 }),
        },
        closed,
      ),
    ),
    nodeLabels: Type.Optional(labels),
  },
  closed,
)

const taskPolicy = Type.Object(
  {
    isolation: Type.Optional(Type.Union([Type.Literal('container'), Type.Literal('kata')])),
    graceSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
    priorityClass: Type.Optional(objectName),
    workloadPriorityClass: Type.Optional(objectName),
    imagePullSecrets: Type.Optional(Type.Array(objectName, { maxItems: 16 })),
  },
  closed,
)

/** One of two kinds; which fields go with which is checked apart, so that a fault names its field. */
const gpuEntry = Type.Object(
  {
    by: Type.Union([Type.Literal('device-plugin'), Type.Literal('dra')]),
    resourceName: Type.Optional(resourceName),
    perCard: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
    deviceClassName: Type.Optional(objectName),
  },
  closed,
)

/** One cluster: what the operator says about it, as the file has it. */
export const clusterPoolSchema = Type.Object(
  {
    kind: Type.Literal('kubernetes'),
    ...common,
    kubeconfig: Type.Union([
      Type.Object({ file: text(4_096), context: Type.Optional(text(253)) }, closed),
      Type.Null(),
    ]),
    access: Type.Union([Type.Literal('pod-network'), Type.Literal('port-forward')], {
      default: 'pod-network',
    }),
    requestsPerSecond: Type.Integer({ minimum: 1, maximum: 10_000, default: 50 }),
    prefix: Type.String({ pattern: '^[a-z][a-z0-9-]{0,18}[a-z0-9]$', default: 'leasehold' }),
    systemNamespace: Type.String({ ...dnsLabel, default: 'leasehold-system' }),
    images: byName(
      Type.Object(
        { dataSource: Type.Object({ namespace: dnsLabel, name: objectName }, closed) },
        closed,
      ),
    ),
    taskImages: Type.Record(Type.String({ pattern: catalogueName }), text(1_024), {
      maxProperties: 256,
      ...closed,
      default: {},
    }),
    gpus: Type.Record(Type.String({ pattern: catalogueName }), gpuEntry, {
      maxProperties: 64,
      ...closed,
      default: {},
    }),
    taskGpus: Type.Optional(
      byName(Type.Object({ resourceName, nodeLabels: Type.Optional(labels) }, closed)),
    ),
    tasks: Type.Optional(taskPolicy),
    storageClasses,
    tenantStorageClasses: Type.Optional(
      Type.Record(Type.String({ pattern: '^ten_' }), storageClasses, closed),
    ),
    tiers: Type.Optional(
      Type.Object(
        {
          production: Type.Optional(tierRules),
          test: Type.Optional(tierRules),
          dev: Type.Optional(tierRules),
        },
        closed,
      ),
    ),
    gatewayRanges: Type.Optional(Type.Array(cidr, { maxItems: 64 })),
    serviceAccount: Type.Optional(Type.Object({ namespace: dnsLabel, name: objectName }, closed)),
    kueueClusterQueue: Type.Union([objectName, Type.Null()], { default: null }),
    kataRuntimeClass: Type.Union([objectName, Type.Null()], { default: null }),
    runApiUrl: Type.String({ pattern: '^https?://[^/]+/?$', maxLength: 2_048 }),
    clusterRanges: Type.Array(cidr, { minItems: 1, maxItems: 64 }),
    openEndpoints: Type.Array(
      Type.Object({ cidr, port: Type.Integer({ minimum: 1, maximum: 65_535 }) }, closed),
      { maxItems: 64, default: [] },
    ),
  },
  closed,
)

export type LocalPoolEntry = Static<typeof localPoolSchema>
export type ClusterPoolEntry = Static<typeof clusterPoolSchema>
export type GpuEntry = Static<typeof gpuEntry>

/** What to write where a value is not allowed; by the last part of its path. */
export const advice: Readonly<Record<string, string>> = {
  resourceName:
    'the name of an extended resource as the node lists it, for example nvidia.com/GA100_A100_PCIE_40GB; never a PCI address',
  cidr: 'a range such as 10.0.0.0/8',
  clusterRanges: 'at least one range such as 10.244.0.0/16: of pods, services and nodes',
  gatewayRanges: 'ranges such as 10.0.0.0/8',
  prefix: 'a DNS label of 2 to 20 characters',
  name: 'lower-case letters, digits and hyphens',
  region: 'lower-case letters, digits and hyphens, 32 at most',
  runApiUrl: 'the address of the run API as pods reach it, for example http://10.0.0.5:8083',
  kubeconfig:
    '{ file: …, context: … }, or null for the service account of the pod that Leasehold runs in',
  by: 'device-plugin (with resourceName and perCard) or dra (with deviceClassName)',
}
