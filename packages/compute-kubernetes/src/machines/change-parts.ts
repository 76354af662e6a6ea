import { StaleGeneration } from '@leasehold/application'
import type { LeaseId, TenantId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import { annotationNames, numberAnnotation } from '../object-names.ts'
import type { Condition } from './kubevirt-objects.ts'
import type { MachineSettings } from './manifest-settings.ts'

export type LeasePlace = {
  readonly tenantId: TenantId
  readonly leaseId: LeaseId
  /** Of the machine that is meant: a younger one is not touched. */
  readonly generation: number
}

export type NewDisk = {
  /** Of the disk in its machine, where it is also its serial: `^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$`. */
  readonly name: string
  readonly sizeGiB: number
  readonly storageClass?: string
}

/** One machine, and what changes to it work with. */
export type ChangePlace = LeasePlace & {
  readonly client: KubeClient
  readonly settings: MachineSettings
  readonly namespace: string
  readonly machine: string
}

/** A virtio serial has at most 20 characters. */
export function isDiskName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/.test(name)
}

/** A VirtualMachine as changes read it: whole, and not from a cache. */
export type WholeMachine = KubeObject & {
  readonly spec: {
    readonly runStrategy?: string
    readonly template: {
      readonly spec: {
        readonly domain: {
          readonly cpu?: { readonly sockets?: number; readonly maxSockets?: number }
          readonly memory?: { readonly guest?: string; readonly maxGuest?: string }
        }
        readonly volumes?: readonly Volume[]
      }
    }
  }
  readonly status?: {
    /** Whether virt-controller has an instance of it in its own cache. */
    readonly created?: boolean
    readonly conditions?: readonly Condition[]
    readonly volumeRequests?: readonly {
      readonly addVolumeOptions?: { readonly name: string }
      readonly removeVolumeOptions?: { readonly name: string }
    }[]
    readonly snapshotInProgress?: string
  }
}
export type Volume = {
  readonly name: string
  readonly dataVolume?: { readonly name: string; readonly hotpluggable?: boolean }
}

export type WholeInstance = KubeObject & {
  readonly spec: {
    readonly domain: {
      readonly cpu?: { readonly maxSockets?: number }
    }
  }
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly Condition[]
    readonly currentCPUTopology?: { readonly sockets?: number }
    readonly memory?: { readonly guestCurrent?: string; readonly guestAtBoot?: string }
    readonly volumeStatus?: readonly {
      readonly name: string
      readonly phase?: string
      readonly message?: string
    }[]
  }
}

export function machineAt({ namespace, machine }: ChangePlace): ObjectRef {
  return { kind: kinds.virtualMachines, namespace, name: machine }
}

/** Throws `StaleGeneration` when the machine is younger than the one that is meant: a slow worker asks. */
export async function readMachine(
  place: ChangePlace,
  signal: AbortSignal,
): Promise<WholeMachine | null> {
  const machine = await place.client.get<WholeMachine>(machineAt(place), signal)
  const known = (machine && numberAnnotation(machine, annotationNames.generation)) ?? 0
  if (known > place.generation) throw new StaleGeneration(place.leaseId, place.generation, known)
  return machine
}

/** Null when the machine is off. */
export async function readInstance(
  place: ChangePlace,
  signal: AbortSignal,
): Promise<WholeInstance | null> {
  const instance = await readAnyInstance(place, signal)
  const isOver = ['Succeeded', 'Failed'].includes(instance?.status?.phase ?? '')
  return isOver ? null : instance
}

/**
 * Whether KubeVirt itself takes the machine for one that is off. Its controllers of snapshots and restores go by
 * whether there is an instance, also one that ended, and by what they last heard, which is later than what the API
 * server has (pkg/storage/snapshot/source.go, restore.go; `created` is written from the same cache).
 */
export async function isSeenOff(
  place: ChangePlace,
  { status }: WholeMachine,
  signal: AbortSignal,
): Promise<boolean> {
  return status?.created !== true && (await readAnyInstance(place, signal)) === null
}

function readAnyInstance(place: ChangePlace, signal: AbortSignal): Promise<WholeInstance | null> {
  return place.client.get({ ...machineAt(place), kind: kinds.virtualMachineInstances }, signal)
}
