import { kinds } from '../../client/kinds.ts'
import type { KubeClient } from '../../client/kube-client.ts'
import { isKubeError } from '../../client/kube-error.ts'
import type { KubeManifest, KubeObject } from '../../client/kube-object.ts'

type DataVolume = KubeObject & {
  readonly spec: {
    readonly storage?: {
      readonly storageClassName?: string
      readonly resources?: { readonly requests?: { readonly storage?: string } }
    }
  }
  readonly status?: { readonly phase?: string }
}
type Labels = Readonly<Record<string, string>>

/**
 * Plays CDI and the storage for DataVolumes of one class, for machines on nodes that are simulated and read no disk:
 * a claim with the DataVolume's labels, bound to a volume that stores nothing. Ends with the signal.
 */
export function playImporter(
  client: KubeClient,
  { storageClass, labels }: { readonly storageClass: string; readonly labels: Labels },
  signal: AbortSignal,
): void {
  const underWay = new Set<string>()
  const serve = async (volume: DataVolume) => {
    const { uid, namespace = '', name } = volume.metadata
    const isServed = volume.status?.phase === 'Succeeded' || underWay.has(uid)
    if (volume.spec.storage?.storageClassName !== storageClass || isServed) return
    underWay.add(uid)
    await createOnce(
      client,
      kinds.persistentVolumes,
      volumeFor(volume, storageClass, labels),
      signal,
    )
    await createOnce(client, kinds.persistentVolumeClaims, claimFor(volume, storageClass), signal)
    const ref = { kind: kinds.dataVolumes, namespace, name }
    const status = { phase: 'Succeeded', progress: '100.0%', claimName: name }
    await client.mergePatch(ref, { status }, signal, { subresource: 'status' })
  }
  client.watchCache<DataVolume>(
    kinds.dataVolumes,
    {},
    ({ type, object }) => {
      if (type === 'removed' || object.metadata.deletionTimestamp !== undefined) return
      // A DataVolume that went meanwhile needs nothing any more; the next one is told of again.
      serve(object).catch(() => underWay.delete(object.metadata.uid))
    },
    signal,
  )
}

const volumeName = ({ metadata: { uid } }: DataVolume) => `played-${uid}`
const sizeOf = ({ spec }: DataVolume) => ({
  storage: spec.storage?.resources?.requests?.storage ?? '1Gi',
})

function volumeFor(volume: DataVolume, storageClass: string, labels: Labels): KubeManifest {
  const { namespace, name } = volume.metadata
  return {
    metadata: { name: volumeName(volume), labels },
    spec: {
      capacity: sizeOf(volume),
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { namespace, name },
      hostPath: { path: '/nowhere' },
    },
  }
}

function claimFor(volume: DataVolume, storageClass: string): KubeManifest {
  const { name, namespace = '', uid, labels = {} } = volume.metadata
  const owner = { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', name, uid }
  return {
    metadata: { namespace, name, labels, ownerReferences: [{ ...owner, controller: true }] },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      volumeName: volumeName(volume),
      resources: { requests: sizeOf(volume) },
    },
  }
}

async function createOnce(
  client: KubeClient,
  kind: Parameters<KubeClient['create']>[0],
  manifest: KubeManifest,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.create(kind, manifest, signal)
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error
  }
}
