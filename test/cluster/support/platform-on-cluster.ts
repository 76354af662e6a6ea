import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { makeEnsureTenant, makeLookAtPool, type Pool } from '@leasehold/application'
import { type KubernetesPoolSettings, openKubernetesPool } from '@leasehold/compute-kubernetes'
import { type SimulatedNodes, startSimulatedNodes } from '@leasehold/dev-cluster'
import type {
  Amounts,
  GpuTypeName,
  ImageName,
  LeaseId,
  LeaseState,
  MachineTypeName,
  PoolName,
  TenantId,
} from '@leasehold/domain'
import {
  aGpuType,
  aMachineType,
  aPlatform,
  aShape,
  fakePools,
  someLimits,
} from '@leasehold/testing'
import type { ClusterAccess } from '@leasehold/testing/cluster'
import { composeWorker } from '@leasehold/worker'
import { kinds } from '../../../packages/compute-kubernetes/src/client/kinds.ts'
import type { KubeClient } from '../../../packages/compute-kubernetes/src/client/kube-client.ts'
import type { KubeManifest } from '../../../packages/compute-kubernetes/src/client/kube-object.ts'
import { openKubeClient } from '../../../packages/compute-kubernetes/src/client/open-kube-client.ts'
import {
  placeLabel,
  playNodes,
} from '../../../packages/compute-kubernetes/src/machines/testing/play-nodes.ts'
import { playImporter } from '../../../packages/compute-kubernetes/src/machines/testing/playing-importer.ts'
import { namespaceOf } from '../../../packages/compute-kubernetes/src/object-names.ts'

const quiet = { info: () => {}, warn: () => {}, error: () => {} }
const debian = 'debian-12' as ImageName
export const clusterPool = 'cluster' as PoolName
export const a100 = 'a100' as GpuTypeName
export type PlatformOnCluster = Awaited<ReturnType<typeof openPlatformOnCluster>>

/**
 * A worker with its use cases over stores in memory, real time, and one pool: the cluster, under a prefix that nobody
 * else has. Nodes are simulated there, so disks are played, and SSH is taken to answer in every machine that runs.
 */
export async function openPlatformOnCluster(cluster: ClusterAccess) {
  const ends = new AbortController()
  const prefix = `p${randomBytes(3).toString('hex')}`
  const labels = { [cluster.runLabel.name]: cluster.runLabel.value }
  const settings = settingsFor(prefix, cluster)
  const client = await openKubeClient({
    settings: settings.kubeconfig,
    log: quiet,
    requestsPerSecond: 1_000,
  })
  await furnish(client, settings, labels, ends.signal)
  const simulator = await playNodes(cluster, client, ends.signal)
  const nodes = await addNodes(cluster, { ...labels, [placeLabel]: prefix }, ends.signal)
  playImporter(client, { storageClass: storageClassOf(prefix), labels }, ends.signal)

  const platform = await aPlatform({ clock: realClock() })
  /** What the cluster is told that a tenant may hold; Leasehold's own limits stay as they are. */
  const limitsInCluster = new Map<TenantId, Amounts>()
  const pool = await openKubernetesPool({
    settings,
    log: quiet,
    clock: platform.clock,
    tenantOf: (id) => platform.tenants.find(id),
    limitsOf: async (id) => limitsInCluster.get(id) ?? someLimits(),
    onRepair: () => {},
    dial: answeringDial,
  })
  await offerMachineTypes(platform, { [placeLabel]: prefix })
  const parts = { ...platform, pools: fakePools([pool]), pause: realPause }
  const here = { ...parts, lookAtPool: makeLookAtPool(parts, 0) }
  const config = { worker: { sweepMs: 100, orphanSweepMs: 60_000, concurrency: 8 } }
  const worker = composeWorker(config, here)
  const leaseOf = (id: LeaseId) => here.memory.leases.get(id)?.item
  return {
    ...here,
    client,
    settings,
    /** Of the nodes of this platform, which hold its machines and no others. */
    nodeSelector: `${placeLabel}=${prefix}`,
    pool: pool as Pool,
    limitsInCluster,
    leaseOf,
    namespaceOf: (id: TenantId) => namespaceOf(prefix, id),
    async start(...tenants: readonly TenantId[]) {
      const ensure = makeEnsureTenant(here)
      for (const id of tenants) {
        await ensure(id, ends.signal)
        const ref = { kind: kinds.namespaces, name: namespaceOf(prefix, id) }
        await client.mergePatch(ref, { metadata: { labels } }, ends.signal)
      }
      await worker.start()
    },
    /** Waits until a lease has come to a state, and says what it looks like then. */
    async until(id: LeaseId, state: LeaseState, withinMs = 60_000) {
      const deadline = Date.now() + withinMs
      while (leaseOf(id)?.state !== state) {
        if (Date.now() > deadline)
          throw new Error(`not ${state} in time: ${JSON.stringify(here.memory.leases.get(id))}`)
        await delay(50)
      }
      return leaseOf(id)
    },
    async close() {
      await worker.close()
      await pool.close()
      await removeInstallation(client, prefix, ends.signal)
      await nodes.stop()
      ends.abort()
      await simulator.ended
      await client.close()
    },
  }
}

const storageClassOf = (prefix: string) => `${prefix}-played`

function settingsFor(prefix: string, cluster: ClusterAccess): KubernetesPoolSettings {
  const images = { [debian]: { dataSource: { namespace: `${prefix}-images`, name: 'debian-12' } } }
  return {
    name: clusterPool,
    region: 'test',
    kubeconfig: { file: cluster.kubeconfig },
    prefix,
    systemNamespace: `${prefix}-system`,
    requestsPerSecond: 1_000,
    images: images as KubernetesPoolSettings['images'],
    taskImages: {},
    gpus: {
      [a100]: {
        by: 'device-plugin',
        resourceName: 'nvidia.com/GA100_A100_PCIE_40GB',
        perCard: 1,
      },
    } as KubernetesPoolSettings['gpus'],
    storageClasses: { default: storageClassOf(prefix) },
    kueueClusterQueue: null,
    kataRuntimeClass: null,
    runApiUrl: 'http://192.0.2.1:8083',
    clusterRanges: [cluster.podCidr ?? '10.244.0.0/16', cluster.serviceCidr ?? '10.96.0.0/12'],
    openEndpoints: [],
  }
}

/** Time goes by itself, and `advance` makes it go faster. */
function realClock() {
  let aheadMs = 0
  return {
    now: () => Date.now() + aheadMs,
    advance: (ms: number) => {
      aheadMs += ms
    },
    set: (at: number) => {
      aheadMs = at - Date.now()
    },
  }
}

async function realPause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {})
}

async function answeringDial() {
  const connection = new PassThrough()
  connection.write('SSH-2.0-test\r\n')
  return connection
}

async function offerMachineTypes(
  { catalogue }: Awaited<ReturnType<typeof aPlatform>>,
  nodeLabels: Readonly<Record<string, string>>,
) {
  const actor = { kind: 'platform', id: 'seed' } as const
  const pools = [clusterPool]
  const placement = { nodeLabels }
  await catalogue.putGpuType(aGpuType({ name: a100 }), actor)
  await catalogue.putMachineType(aMachineType({ pools, shape: aShape({ placement }) }), actor)
  for (const [name, count] of [
    ['one-gpu', 1],
    ['many-gpus', 64],
  ] as const)
    await catalogue.putMachineType(
      aMachineType({
        name: name as MachineTypeName,
        pools,
        shape: aShape({ gpus: [{ type: a100, count }], placement }),
      }),
      actor,
    )
}

function addNodes(
  { kubeconfig }: ClusterAccess,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<SimulatedNodes> {
  return startSimulatedNodes({ kubeconfig, signal }, [
    { name: `${labels[placeLabel]}-cpu`, labels },
    { name: `${labels[placeLabel]}-a100`, kind: 'vm-passthrough-a100', labels },
  ])
}

/** What the operator and CDI would have brought about. */
async function furnish(
  client: KubeClient,
  { prefix, systemNamespace }: KubernetesPoolSettings,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const images = `${prefix}-images`
  const create = (kind: Parameters<KubeClient['create']>[0], manifest: KubeManifest) =>
    client.create(kind, manifest, signal)
  for (const name of [systemNamespace, images])
    await create(kinds.namespaces, { metadata: { name, labels } })
  await create(kinds.storageClasses, {
    metadata: { name: storageClassOf(prefix), labels },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'Immediate',
  })
  await create(kinds.dataSources, {
    metadata: { namespace: images, name: 'debian-12' },
    spec: { source: { pvc: { namespace: images, name: 'debian-12' } } },
  })
}

async function removeInstallation(
  client: KubeClient,
  prefix: string,
  signal: AbortSignal,
): Promise<void> {
  const selection = { labelSelector: `leasehold.dev/installation=${prefix}` }
  for (const kind of [
    kinds.validatingAdmissionPolicyBindings,
    kinds.validatingAdmissionPolicies,
    kinds.namespaces,
  ]) {
    const { items } = await client.list(kind, selection, signal)
    for (const { metadata } of items) await client.delete({ kind, name: metadata.name }, signal)
  }
  for (const name of [`${prefix}-system`, `${prefix}-images`])
    await client.delete({ kind: kinds.namespaces, name }, signal)
  await client.delete({ kind: kinds.storageClasses, name: storageClassOf(prefix) }, signal)
}
