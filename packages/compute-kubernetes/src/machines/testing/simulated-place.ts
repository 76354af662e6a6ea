import { randomUUID } from 'node:crypto'
import type { MachineDriver, MachineOrder } from '@leasehold/application'
import { type SimulatedNodes, startSimulatedNodes } from '@leasehold/dev-cluster'
import type { ImageName, LeaseId, MachineShape, TenantId } from '@leasehold/domain'
import type { ClusterAccess } from '@leasehold/testing/cluster'
import { kinds } from '../../client/kinds.ts'
import type { KubeClient } from '../../client/kube-client.ts'
import type { KubeManifest } from '../../client/kube-object.ts'
import { openKubeClient } from '../../client/open-kube-client.ts'
import { namespaceOf } from '../../object-names.ts'
import {
  type KubeVirtMachineDriverOptions,
  openKubeVirtMachineDriver,
} from '../kubevirt-machine-driver.ts'
import type { MachineSettings } from '../manifest-settings.ts'
import { anOrder, machineSettings } from './an-order.ts'
import { answeringDial, quiet } from './driver-on-fake.ts'
import { placeLabel, playNodes } from './play-nodes.ts'
import { playImporter } from './playing-importer.ts'
import { untilItSees } from './until-it-sees.ts'

/** A tenant's namespace, an image and storage on a cluster whose nodes are simulated, and drivers over it. */
export type SimulatedPlace = {
  /** The test's own hand. */
  readonly client: KubeClient
  /** What the drivers speak through. */
  readonly driverClient: KubeClient
  readonly settings: MachineSettings
  readonly namespace: string
  readonly driver: MachineDriver
  /** Two for CPUs only, one with four A100, one with vGPUs; all of them only for this place. */
  readonly nodes: SimulatedNodes
  /** Another process over the same place, when it has seen the cluster. */
  readonly open: (facts?: Partial<KubeVirtMachineDriverOptions>) => Promise<MachineDriver>
  readonly newOrder: (shape?: Partial<MachineShape>) => MachineOrder
  readonly close: () => Promise<void>
}

export async function openSimulatedPlace(cluster: ClusterAccess): Promise<SimulatedPlace> {
  const ends = new AbortController()
  const prefix = `mt${randomUUID().slice(0, 6)}`
  const settings = settingsFor(prefix)
  const labels = { [cluster.runLabel.name]: cluster.runLabel.value }
  const openClient = () =>
    openKubeClient({
      settings: { file: cluster.kubeconfig },
      log: quiet,
      requestsPerSecond: 1_000,
    })
  const client = await openClient()
  const driverClient = await openClient()
  const namespace = namespaceOf(prefix, 'ten_1' as TenantId)
  await furnish(client, settings, namespace, labels, ends.signal)
  const simulator = await playNodes(cluster, client, ends.signal)
  const nodes = await addNodes(cluster, { ...labels, [placeLabel]: prefix }, ends.signal)
  playImporter(client, { storageClass: storageClassOf(prefix), labels }, ends.signal)
  const drivers: MachineDriver[] = []
  const open: SimulatedPlace['open'] = async (facts = {}) => {
    const capacity = async () => ({ total: { vcpu: 64, 'memory-mib': 262_144 } })
    const options = {
      client: driverClient,
      settings,
      capacity,
      log: quiet,
      dial: answeringDial,
      ...facts,
    }
    const driver = openKubeVirtMachineDriver(options)
    drivers.push(driver)
    await untilItSees(driver)
    return driver
  }
  return {
    client,
    driverClient,
    settings,
    namespace,
    nodes,
    driver: await open(),
    open,
    newOrder: (shape = {}) => newOrder(shape, prefix),
    async close() {
      for (const driver of drivers) await driver.close()
      await nodes.stop()
      ends.abort()
      await simulator.ended
      await client.close()
      await driverClient.close()
    },
  }
}

const storageClassOf = (prefix: string) => `${prefix}-played`

function settingsFor(prefix: string): MachineSettings {
  return {
    ...machineSettings,
    prefix,
    systemNamespace: `${prefix}-system`,
    images: {
      ['debian-12' as ImageName]: {
        dataSource: { namespace: `${prefix}-images`, name: 'debian-12' },
      },
    },
    gpus: {
      'a100-40gb': {
        by: 'device-plugin',
        resourceName: 'nvidia.com/GA100_A100_PCIE_40GB',
        perCard: 1,
      },
      't4-vgpu-1gb': { by: 'device-plugin', resourceName: 'nvidia.com/GRID_T4-1Q', perCard: 16 },
      'a100-1g-10gb': { by: 'device-plugin', resourceName: 'nvidia.com/mig-1g.10gb', perCard: 7 },
      'l4-claimed': { by: 'dra', deviceClassName: 'vfio.gpu.example' },
      'not-permitted': { by: 'device-plugin', resourceName: 'nvidia.com/gpu', perCard: 1 },
    } as MachineSettings['gpus'],
    storageClasses: { default: storageClassOf(prefix) },
  }
}

function newOrder(shape: Partial<MachineShape>, prefix: string): MachineOrder {
  const order = anOrder({ leaseId: `lse_${randomUUID().slice(0, 8)}` as LeaseId })
  const { placement = {} } = shape
  const nodeLabels = { ...placement.nodeLabels, [placeLabel]: prefix }
  return { ...order, shape: { ...order.shape, ...shape, placement: { ...placement, nodeLabels } } }
}

function addNodes(
  { kubeconfig }: ClusterAccess,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<SimulatedNodes> {
  const name = (kind: string) => `${labels[placeLabel]}-${kind}`
  return startSimulatedNodes({ kubeconfig, signal }, [
    { name: name('cpu-1'), labels },
    { name: name('cpu-2'), labels },
    { name: name('a100'), kind: 'vm-passthrough-a100', labels },
    { name: name('vgpu'), kind: 'vm-vgpu', labels },
  ])
}

/** What the tenancy driver, the operator and CDI would have brought about. */
async function furnish(
  client: KubeClient,
  { prefix, systemNamespace }: MachineSettings,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const images = `${prefix}-images`
  const create = (kind: Parameters<KubeClient['create']>[0], manifest: KubeManifest) =>
    client.create(kind, manifest, signal)
  for (const name of [namespace, systemNamespace, images])
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
  const rules = [
    { apiGroups: ['cdi.kubevirt.io'], resources: ['datavolumes/source'], verbs: ['create'] },
  ]
  await create(kinds.roles, { metadata: { namespace: images, name: 'clone' }, rules })
  await create(kinds.roleBindings, {
    metadata: { namespace: images, name: 'clone' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'clone' },
    subjects: [
      {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'Group',
        name: `system:serviceaccounts:${namespace}`,
      },
    ],
  })
}

/** How many writes that the cluster took went through a client. */
export function writesOf(client: KubeClient): number {
  const reads = ['get', 'list', 'watch']
  return client
    .metrics()
    .requests.filter(({ verb, status }) => !reads.includes(verb) && status < 400)
    .reduce((sum, { count }) => sum + count, 0)
}
