import type { Log } from '@leasehold/application'
import { type KindInfo, kinds } from './client/kinds.ts'
import type { KubeClient } from './client/kube-client.ts'
import { isKubeError } from './client/kube-error.ts'
import type { KubeObject } from './client/kube-object.ts'
import { openKubeClient } from './client/open-kube-client.ts'
import { type NeededPermission, neededPermissions } from './permissions/needed-permissions.ts'
import type { KubernetesPoolSettings } from './pool-settings.ts'

/** What a cluster says of itself, for whoever looks after it. */
export type ClusterFacts = {
  /** Phases of its KubeVirt resources; null: it does not serve KubeVirt. */
  readonly kubeVirtPhases: readonly string[] | null
  readonly readyNodes: number
  /** What Leasehold must be allowed and is not: `patch namespaces`. */
  readonly missingRights: readonly string[]
}

type Phased = KubeObject & { readonly status?: { readonly phase?: string } }
type NodeObject = KubeObject & {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

/** Writes nothing. Throws `KubeUnavailable`, `KubeError` or what is wrong with the kubeconfig. */
export async function inspectCluster(
  settings: Pick<
    KubernetesPoolSettings,
    'kubeconfig' | 'prefix' | 'systemNamespace' | 'kueueClusterQueue'
  >,
  log: Log,
  signal: AbortSignal,
): Promise<ClusterFacts> {
  const client = await openKubeClient({ settings: settings.kubeconfig, log })
  try {
    const { items: nodes } = await client.list<NodeObject>(kinds.nodes, {}, signal)
    return {
      readyNodes: nodes.filter(isReady).length,
      kubeVirtPhases: await phasesOf(client, signal),
      missingRights: await missingRights(client, settings, signal),
    }
  } finally {
    await client.close()
  }
}

function isReady({ status }: NodeObject): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true
}

async function phasesOf(client: KubeClient, signal: AbortSignal) {
  try {
    const { items } = await client.list<Phased>(kinds.kubeVirts, {}, signal)
    return items.map(({ status }) => status?.phase ?? 'unknown')
  } catch (error) {
    if (isKubeError(error, 'KindNotServed')) return null
    throw error
  }
}

/** Everybody may ask what they themselves may do; nothing is stored. */
const accessReviews: KindInfo = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
}

/** Rights in tenants' namespaces come with each of them, and are not asked for here. */
async function missingRights(
  client: KubeClient,
  settings: Pick<KubernetesPoolSettings, 'prefix' | 'systemNamespace' | 'kueueClusterQueue'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const asked = neededPermissions
    .filter(
      ({ scope, group }) =>
        scope !== 'tenant' && (settings.kueueClusterQueue || !/kueue/.test(group)),
    )
    .flatMap((right) => questionsOf(right, settings))
  const missing: string[] = []
  for (const { says, attributes } of asked) {
    const review = await client.create<KubeObject & { status?: { allowed?: boolean } }>(
      accessReviews,
      { metadata: { name: '' }, spec: { resourceAttributes: attributes } },
      signal,
    )
    if (review.status?.allowed !== true) missing.push(says)
  }
  return missing
}

function questionsOf(
  { scope, group, resources, verbs, names }: NeededPermission,
  { prefix, systemNamespace }: Pick<KubernetesPoolSettings, 'prefix' | 'systemNamespace'>,
) {
  return resources.flatMap((path) =>
    verbs.flatMap((verb) =>
      (names ?? [undefined]).map((pattern) => {
        const [resource, subresource] = path.split('/')
        const name = pattern?.replace('<prefix>', prefix)
        return {
          says: [verb, path, name].filter(Boolean).join(' '),
          attributes: {
            ...{ group, resource, subresource, verb, name },
            ...(scope === 'system' ? { namespace: systemNamespace } : {}),
          },
        }
      }),
    ),
  )
}
