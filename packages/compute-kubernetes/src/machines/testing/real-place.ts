import { randomUUID } from 'node:crypto'
import type { MachineDriver, MachineOrder } from '@leasehold/application'
import type { ImageName, LeaseId, TenantId } from '@leasehold/domain'
import type { ClusterAccess } from '@leasehold/testing/cluster'
import { anSshKeyPair } from '@leasehold/testing/ssh-key-pair'
import { kinds } from '../../client/kinds.ts'
import type { KubeClient } from '../../client/kube-client.ts'
import { openKubeClient } from '../../client/open-kube-client.ts'
import { namespaceOf } from '../../object-names.ts'
import { openKubeVirtMachineDriver } from '../kubevirt-machine-driver.ts'
import type { MachineSettings } from '../manifest-settings.ts'
import { anOrder, machineSettings } from './an-order.ts'
import { quiet } from './driver-on-fake.ts'
import { untilItSees } from './until-it-sees.ts'

/** A tenant's namespace on the project's own cluster with real nodes, where guests boot for real. */
export type RealPlace = {
  readonly client: KubeClient
  readonly settings: MachineSettings
  readonly namespace: string
  readonly driver: MachineDriver
  readonly open: () => Promise<MachineDriver>
  /** A guest of a few MiB with an SSH server, or a whole Debian. Its host key is a real one. */
  readonly newOrder: (image: 'small-guest' | 'debian-12', keys?: readonly string[]) => MachineOrder
  readonly close: () => Promise<void>
}

const sizes = {
  'small-guest': { memoryMiB: 192, sizeGiB: 1 },
  'debian-12': { memoryMiB: 768, sizeGiB: 4 },
} as const

export async function openRealPlace(cluster: ClusterAccess): Promise<RealPlace> {
  const prefix = `mr${randomUUID().slice(0, 6)}`
  const settings = settingsFor(prefix)
  const signal = AbortSignal.timeout(60_000)
  const labels = { [cluster.runLabel.name]: cluster.runLabel.value }
  const client = await openKubeClient({ settings: { file: cluster.kubeconfig }, log: quiet })
  const namespace = namespaceOf(prefix, 'ten_1' as TenantId)
  for (const name of [namespace, settings.systemNamespace])
    await client.create(kinds.namespaces, { metadata: { name, labels } }, signal)
  const drivers: MachineDriver[] = []
  const open = async () => {
    const capacity = async () => ({ total: { vcpu: 2, 'memory-mib': 8_192 } })
    const driver = openKubeVirtMachineDriver({ client, settings, capacity, log: quiet })
    drivers.push(driver)
    await untilItSees(driver)
    return driver
  }
  return {
    client,
    settings,
    namespace,
    driver: await open(),
    open,
    newOrder,
    async close() {
      for (const driver of drivers) await driver.close()
      await client.close()
    },
  }
}

function settingsFor(prefix: string): MachineSettings {
  const images = ['small-guest', 'debian-12'].map((name) => [
    name as ImageName,
    { dataSource: { namespace: 'leasehold-images', name } },
  ])
  return {
    ...machineSettings,
    prefix,
    systemNamespace: `${prefix}-system`,
    images: Object.fromEntries(images),
    gpus: {},
    storageClasses: { default: 'leasehold-disks' },
  }
}

function newOrder(image: keyof typeof sizes, authorizedKeys: readonly string[] = []): MachineOrder {
  const hostKey = anSshKeyPair()
  const { memoryMiB, sizeGiB } = sizes[image]
  const order = anOrder({ leaseId: `lse_${randomUUID().slice(0, 8)}` as LeaseId })
  const disks = [{ role: 'system', sizeGiB }] as const
  return {
    ...order,
    authorizedKeys,
    hostKeyPrivate: hostKey.private,
    hostKeyPublic: hostKey.public,
    image: image as ImageName,
    // The node has two CPUs, and more to run than one machine.
    shape: {
      ...order.shape,
      cpu: { ...order.shape.cpu, overcommitPercent: 150 },
      memory: { guestSwapOff: true },
      memoryMiB,
      disks,
    },
  }
}
