import type { LeaseId, TenantId } from '@leasehold/domain'
import { openClusterCapacity } from '../../capacity/open-cluster-capacity.ts'
import { kinds } from '../../client/kinds.ts'
import type { KubeManifest, KubeObject } from '../../client/kube-object.ts'
import { dialPortForward } from '../../machines/dial-machine.ts'
import { openKubeVirtMachineDriver } from '../../machines/kubevirt-machine-driver.ts'
import { makeMachineChanges } from '../../machines/machine-changes.ts'
import { anOrder } from '../../machines/testing/an-order.ts'
import { diskClaimName, leaseLabels, machineName, namespaceOf } from '../../object-names.ts'
import { someMachine } from '../../tenancy/testing/some-machine.ts'
import { newId, newTenant, openTenancy, untilAsked } from './everything-it-does.ts'
import { type LimitedPlace, silent } from './limited-place.ts'

type Machine = KubeObject & {
  readonly spec: { readonly template: { readonly spec: { readonly volumes?: readonly object[] } } }
}

/** Everything the machine driver can be told, whether or not this cluster brings machines up by itself. */
export async function manageMachines(place: LimitedPlace, signal: AbortSignal): Promise<void> {
  const tenant = newTenant()
  const tenancy = openTenancy(place, [tenant])
  await tenancy.ensureTenant(tenant, signal)
  const { settings, limited: client, admin } = place
  let later = 0
  const capacity = openClusterCapacity({ client, settings, log: silent })
  const openDriver = () =>
    openKubeVirtMachineDriver({
      client,
      settings,
      log: silent,
      clock: { now: () => Date.now() + later },
      capacity: async () => capacity.read(),
      dial: dialPortForward(client),
    })
  const [driver, other] = [openDriver(), openDriver()]
  const until = AbortSignal.any([signal, AbortSignal.timeout(60_000)])
  const order = anOrder({ leaseId: newId('lse') as LeaseId, tenantId: tenant.id })
  const ref = {
    kind: kinds.virtualMachines,
    namespace: namespaceOf(settings.prefix, tenant.id),
    name: machineName(order.leaseId),
  }
  await driver.startMachine(order, until)
  // Another process does not know yet what the first one wrote.
  await untilAsked(place, /^get secrets$/, () => other.startMachine(order, until))
  await other.close()
  await makeInstance(place, order, until)
  await driver.inspectMachine(order.leaseId, 1, until)
  await untilAsked(place, /^get pods\/log$/, () => driver.consoleLog(order.leaseId, 1_000))
  await driver.listMachines(until)
  const at = { ...ref, host: '', port: 22 }
  await dialPortForward(client)(at, until).then((stream) => stream.destroy(), ignore)
  await changeMachine(place, order, until)
  await driver.stopMachine(order.leaseId, 1, 'graceful', until)
  await driver.stopMachine(order.leaseId, 1, 'forced', until).catch(ignore)
  const instance = { ...ref, kind: kinds.virtualMachineInstances }
  await admin.delete(instance, until).catch(ignore)
  await driver.startMachine({ ...order, generation: 2 }, until).catch(ignore)
  await seePoweredOff(place, ref, until)
  if (!place.hasKubeVirt)
    await untilAsked(place, /^update virtualmachines\/start$/, () =>
      driver.startMachine({ ...order, generation: 2 }, until),
    )
  await driver.destroyMachine(order.leaseId, 2, until).catch(ignore)

  const claimed = { ...order.shape, gpus: [{ type: place.claimedGpu, count: 1 }] }
  const withGpu = anOrder({ leaseId: newId('lse') as LeaseId, tenantId: tenant.id, shape: claimed })
  await driver.startMachine(withGpu, until)

  const left = anOrder({ leaseId: newId('lse') as LeaseId, tenantId: tenant.id })
  await leaveBehind(place, left, until)
  await untilAsked(place, /^delete persistentvolumeclaims$/, () => {
    later += 60_000
    return driver.destroyMachine(left.leaseId, 1, until)
  })
  await driver.close()
  capacity.close()
  await tenancy.close()
}

type Order = ReturnType<typeof anOrder>

/** Disks, size and snapshots; what KubeVirt would have written of them, a test writes. */
async function changeMachine(
  place: LimitedPlace,
  order: Order,
  signal: AbortSignal,
): Promise<void> {
  const changes = makeMachineChanges(place.limited, place.settings)
  const { namespace, name } = placeOf(place, order)
  const ref = { kind: kinds.virtualMachines, namespace, name }
  await changes.addDisk(order, { name: 'more', sizeGiB: 1 }, signal).catch(ignore)
  await changes.removeDisk(order, 'more', signal).catch(ignore)
  // Another one, which KubeVirt has plugged in already.
  await untilAsked(place, /^update virtualmachines\/removevolume$/, async () => {
    const machine = await place.admin.get<Machine>(ref, signal)
    const volumes = machine?.spec.template.spec.volumes ?? []
    const plugged = {
      name: 'plugged',
      dataVolume: { name: `${name}-x-plugged`, hotpluggable: true },
    }
    const spec = { template: { spec: { volumes: [...volumes, plugged] } } }
    await place.admin.mergePatch(ref, { spec }, signal).catch(ignore)
    await changes.removeDisk(order, 'plugged', signal)
  })
  await changes.resize(order, { ...order.shape, memoryMiB: 2_048 }, signal).catch(ignore)
  await changes.snapshot(order, 'first', signal)
  const instance = { ...ref, kind: kinds.virtualMachineInstances }
  await place.admin.delete(instance, signal)
  await untilAsked(place, /^create virtualmachinerestores$/, async () => {
    const snapshot = { kind: kinds.virtualMachineSnapshots, namespace, name: `${name}-first` }
    // KubeVirt's controller falls over a snapshot that succeeded at no time, at each of its starts.
    const creationTime = `${new Date().toISOString().slice(0, 19)}Z`
    const status = { phase: 'Succeeded', readyToUse: true, creationTime }
    await place.admin
      .mergePatch(snapshot, { status }, signal, { subresource: 'status' })
      .catch(ignore)
    await changes.restore(order, 'first', 'once', signal)
  })
  await changes.deleteSnapshot(order, 'first', signal)
  await makeInstance(place, order, signal).catch(ignore)
}

/** There is no golden disk, so nothing comes up: a test makes an instance and a launcher for the driver to see. */
async function makeInstance(place: LimitedPlace, order: Order, signal: AbortSignal): Promise<void> {
  const { namespace, name, labels } = placeOf(place, order)
  const machine = await place.admin.get<Machine>(
    { kind: kinds.virtualMachines, namespace, name },
    signal,
  )
  const metadata = { namespace, name, labels }
  await place.admin.create(
    kinds.virtualMachineInstances,
    { metadata, spec: { ...machine?.spec.template.spec } },
    signal,
  )
  await place.admin.create(kinds.pods, aLauncher(namespace, labels), signal)
}

/** A guest that ended by itself, as virt-controller says it. Where one runs, it has the word. */
async function seePoweredOff(
  place: LimitedPlace,
  ref: {
    readonly kind: typeof kinds.virtualMachines
    readonly namespace: string
    readonly name: string
  },
  signal: AbortSignal,
): Promise<void> {
  if (place.hasKubeVirt) return
  const { namespace } = ref
  const pods = await place.admin.list(kinds.pods, { namespace }, signal)
  for (const { metadata } of pods.items)
    await place.admin.delete({ kind: kinds.pods, namespace, name: metadata.name }, signal, {
      gracePeriodSeconds: 0,
    })
  const status = { runStrategy: 'RerunOnFailure', printableStatus: 'Stopped' }
  await place.admin.mergePatch(ref, { status }, signal, { subresource: 'status' })
}

/** An instance and a disk without their machine: somebody deleted it and kept what it had. */
async function leaveBehind(place: LimitedPlace, order: Order, signal: AbortSignal): Promise<void> {
  const { namespace, name, labels } = placeOf(place, order)
  const { spec } = someMachine(namespace, name) as KubeManifest & {
    spec: { template: { spec: object } }
  }
  await place.admin.create(
    kinds.virtualMachineInstances,
    { metadata: { namespace, name, labels }, spec: spec.template.spec },
    signal,
  )
  await place.admin.create(
    kinds.persistentVolumeClaims,
    {
      metadata: { namespace, name: diskClaimName(order.leaseId, 'system', 0), labels },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'standard',
        resources: { requests: { storage: '1Gi' } },
      },
    },
    signal,
  )
}

function placeOf({ settings }: LimitedPlace, order: Order) {
  return {
    namespace: namespaceOf(settings.prefix, order.tenantId as TenantId),
    name: machineName(order.leaseId),
    labels: leaseLabels({ ...order, pool: settings.name }),
  }
}

function aLauncher(namespace: string, labels: Readonly<Record<string, string>>): KubeManifest {
  const resources = { limits: { cpu: '1', memory: '1Gi' } }
  return {
    metadata: {
      namespace,
      name: 'virt-launcher',
      labels: { ...labels, 'kubevirt.io': 'virt-launcher' },
    },
    spec: {
      nodeSelector: { 'leasehold.dev/none': 'none' },
      containers: [{ name: 'guest-console-log', image: 'none.invalid/none', resources }],
    },
  }
}

/** What this cluster cannot do is no matter here; what it refuses is noted by the place. */
function ignore(): void {}
