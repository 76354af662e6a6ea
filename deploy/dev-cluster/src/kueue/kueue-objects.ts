import type { ClusterObject } from '../api-server/object-path.ts'
import { localhostService } from '../kubevirt/reach-outside.ts'

export const kueueNamespace = 'kueue-system'
export const webhookService = 'kueue-webhook-service'
/** The ClusterQueue that takes the tasks of Leasehold's tenants. */
export const clusterQueue = 'leasehold'

/** What Kueue is told about itself: where it listens, and that it looks after Jobs only. Pure. */
export function configuration(ports: {
  readonly webhook: number
  readonly health: number
  readonly certificates: string
}): object {
  return {
    apiVersion: 'config.kueue.x-k8s.io/v1beta2',
    kind: 'Configuration',
    namespace: kueueNamespace,
    health: { healthProbeBindAddress: `127.0.0.1:${ports.health}` },
    metrics: { bindAddress: '0' },
    webhook: { host: '127.0.0.1', port: ports.webhook, certDir: ports.certificates },
    leaderElection: { leaderElect: false },
    controller: { groupKindConcurrency: { 'Job.batch': 4, 'Workload.kueue.x-k8s.io': 4 } },
    internalCertManagement: {
      enable: true,
      webhookServiceName: webhookService,
      webhookSecretName: 'kueue-webhook-server-cert',
    },
    featureGates: { VisibilityOnDemand: false },
    integrations: { frameworks: ['batch/job'] },
  }
}

/** Webhooks of what is in use; the others would ask a Kueue that does not serve them. */
const usedWebhooks = /^[mv](job|workload|clusterqueue|resourceflavor|localqueue|cohort)\.kb\.io$/
const unused = ['Deployment', 'APIService', 'ConfigMap']

/** Kueue's own installation, changed so that the program runs beside the API server. Pure. */
export function outsideObjects(rendered: readonly ClusterObject[], port: number): ClusterObject[] {
  return rendered
    .filter(({ kind, metadata }) => {
      if (kind === 'Service') return metadata.name === webhookService
      return !unused.includes(kind)
    })
    .map((object) => {
      if (object.kind === 'Service') return localhostService(webhookService, kueueNamespace)
      if (!object.kind.endsWith('WebhookConfiguration')) return withPort(object, port)
      const webhooks = object.webhooks as readonly { readonly name: string }[]
      const used = webhooks.filter(({ name }) => usedWebhooks.test(name))
      return withPort({ ...object, webhooks: used }, port)
    })
}

/** Names the port in every reference to the webhooks' Service, however deep. */
function withPort<T>(value: T, port: number): T {
  if (Array.isArray(value)) return value.map((item) => withPort(item, port)) as T
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, field]) => {
    const isReference = name === 'service' && (field as { name?: string })?.name === webhookService
    return [name, isReference ? { ...(field as object), port } : withPort(field, port)]
  })
  return Object.fromEntries(entries) as T
}

/** More than this computer has of everything but GPUs: the platform's own queue decides who starts. */
const quota = {
  cpu: '1000',
  memory: '4Ti',
  'ephemeral-storage': '10Ti',
  'nvidia.com/gpu': '8',
  'nvidia.com/mig-1g.10gb': '14',
} as const
const priorities = { low: 10, normal: 100, high: 1_000 } as const

/** One queue for all tenants, and three priorities. */
export function queueObjects(): readonly ClusterObject[] {
  const apiVersion = 'kueue.x-k8s.io/v1beta2'
  const resources = Object.entries(quota).map(([name, nominalQuota]) => ({ name, nominalQuota }))
  return [
    { apiVersion, kind: 'ResourceFlavor', metadata: { name: 'default' } },
    {
      apiVersion,
      kind: 'ClusterQueue',
      metadata: { name: clusterQueue },
      spec: {
        namespaceSelector: {},
        preemption: { withinClusterQueue: 'LowerPriority' },
        resourceGroups: [
          { coveredResources: Object.keys(quota), flavors: [{ name: 'default', resources }] },
        ],
      },
    },
    ...Object.entries(priorities).map(([name, value]) => ({
      apiVersion,
      kind: 'WorkloadPriorityClass',
      metadata: { name },
      value,
    })),
  ]
}
