import type { MachineOrder } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { KubeManifest, KubeObject, ObjectRef } from '../client/kube-object.ts'
import { annotationNames, numberAnnotation, seedSecretName } from '../object-names.ts'
import type { VirtualMachine } from './kubevirt-objects.ts'
import type { MachineSettings } from './manifest-settings.ts'
import { seedManifest } from './seed-manifest.ts'

/** The Secrets from which machines get cloud-init's documents. They are written, never followed. */
export type SeedStore = {
  /** Sees to it that the machine has the seed of this order, and not that of an older one. */
  ensure(order: MachineOrder, machine: VirtualMachine, signal: AbortSignal): Promise<void>
  /** False when a machine lies there without a seed: its order was taken by a process that died half-way. */
  has(id: LeaseId, machine: VirtualMachine, signal: AbortSignal): Promise<boolean>
  forget(uid: string): void
}

type SeedSecret = KubeObject & { readonly data?: { readonly userdata?: string } }

export function makeSeedStore(
  client: KubeClient,
  settings: Pick<MachineSettings, 'name' | 'prefix'>,
): SeedStore {
  /** Machines, by uid, whose seed this process has written or seen, with its generation. */
  const seen = new Map<string, number>()
  return {
    async ensure(order, machine, signal) {
      const { uid } = machine.metadata
      if (seen.get(uid) === order.generation) return
      const { name } = machine.metadata
      await write(client, seedManifest(order, { name, uid }, settings), order, uid, signal)
      seen.set(uid, order.generation)
    },
    async has(id, { metadata: { uid, namespace } }, signal) {
      if (seen.has(uid)) return true
      const secret = await client.get<SeedSecret>(refOf(namespace, id), signal)
      if (secret === null || !isOwnedBy(secret, uid)) return false
      seen.set(uid, numberAnnotation(secret, annotationNames.generation) ?? 0)
      return true
    },
    forget: (uid) => seen.delete(uid),
  }
}

const tries = 3

async function write(
  client: KubeClient,
  manifest: KubeManifest,
  order: MachineOrder,
  uid: string,
  signal: AbortSignal,
): Promise<void> {
  const ref = refOf(manifest.metadata.namespace, order.leaseId)
  for (let attempt = 1; ; attempt++) {
    try {
      const before = attempt === 1 ? null : await client.get<SeedSecret>(ref, signal)
      if (before === null) await client.create(kinds.secrets, manifest, signal)
      else await renew(client, ref, before, manifest, order, uid, signal)
      return
    } catch (error) {
      const isRace = isKubeError(error, 'AlreadyExists') || isKubeError(error, 'Conflict')
      if (!isRace || attempt >= tries) throw error
    }
  }
}

/** The seed of an older generation, or of a machine of the same name that was deleted by hand, becomes ours. */
async function renew(
  client: KubeClient,
  ref: ObjectRef,
  before: SeedSecret,
  manifest: KubeManifest,
  { generation }: MachineOrder,
  uid: string,
  signal: AbortSignal,
): Promise<void> {
  const known = numberAnnotation(before, annotationNames.generation) ?? 0
  if (isOwnedBy(before, uid) && known > generation) return
  const { labels, annotations, ownerReferences } = manifest.metadata
  const data = manifest.data as { userdata: string }
  if (isOwnedBy(before, uid) && before.data?.userdata === data.userdata) return
  const { resourceVersion } = before.metadata
  const patch = { metadata: { labels, annotations, ownerReferences }, data }
  await client.mergePatch(ref, patch, signal, { resourceVersion })
}

function isOwnedBy({ metadata }: SeedSecret, uid: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false
}

function refOf(namespace: string | undefined, id: LeaseId): ObjectRef {
  const name = seedSecretName(id)
  return { kind: kinds.secrets, name, ...(namespace === undefined ? {} : { namespace }) }
}
