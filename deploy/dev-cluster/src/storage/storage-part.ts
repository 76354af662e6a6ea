import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureGuestImage } from '@leasehold/compute-local'
import { parse } from 'yaml'
import type { ClusterObject } from '../api-server/object-path.ts'
import { type ApiServer, openApiServer } from '../api-server/open-api-server.ts'
import { waitUntil } from '../api-server/wait-until.ts'
import type { ClusterContext } from '../cluster-context.ts'
import type { ClusterPart } from '../cluster-part.ts'
import { ensureAll, installDefinitions } from '../kubevirt/install-objects.ts'
import { kubevirtFolder } from '../kubevirt/kubevirt-programs.ts'
import { step } from '../log.ts'
import { moduleFolder } from '../programs/module-folder.ts'
import { imagePermissions } from './image-permissions.ts'
import type { StorageSettings } from './run-storage.ts'
import { snapshotClass } from './serve-snapshot.ts'
import { ensureSmallGuest, ensureSmallGuestImage } from './small-guest.ts'
import { defaultClass, imagesNamespace, storageClass, storageClasses } from './storage-objects.ts'

const program = fileURLToPath(new URL('./main.ts', import.meta.url))
const snapshotter = 'github.com/kubernetes-csi/external-snapshotter/client/v4'
const imagesLimitMs = 120_000
/** Golden disks by the name of their DataSource, and the size of the claim that holds each. */
const goldenSizes = { 'small-guest': '64Mi', 'debian-12': '3Gi' } as const

/** Storage classes, snapshots, what CDI does for DataVolumes, and golden disks in `leasehold-images`. */
export const storage: ClusterPart = {
  name: 'storage',
  levels: ['simulated', 'real'],
  start: async (context) => {
    const images = context.level === 'real' ? await ensureImages(context) : {}
    await step(context.log, 'storage', async (report) => {
      const api = await openApiServer(context.kubeconfig, context.signal)
      try {
        await installObjects(api, context)
        await runProgram(context, images)
        report('golden disks')
        await publishImages(api, context)
      } finally {
        await api.close()
      }
    })
  },
}

async function ensureImages(context: ClusterContext): Promise<StorageSettings['images']> {
  const smallGuest = await ensureSmallGuest(context)
  const archive = await ensureSmallGuestImage(context)
  await Promise.all(context.nodes.map((node) => node.importImage(archive)))
  const debian = await step(context.log, 'guest image', (report) =>
    ensureGuestImage({
      folder: path.join(context.cacheFolder, '..', 'images'),
      progress: report,
      log: imageLog(context),
      signal: context.signal,
    }),
  )
  return { 'small-guest': smallGuest, 'debian-12': debian.diskPath }
}

/** Steps are shown anyway: only what goes wrong is worth a line of its own. */
function imageLog({ log }: ClusterContext) {
  const tell = (_: object, message: string) => log(`  ${message}`)
  return { info: () => undefined, warn: tell, error: tell }
}

async function installObjects(api: ApiServer, context: ClusterContext): Promise<void> {
  const definitions = await readSnapshotDefinitions(context.signal)
  await installDefinitions(api, definitions, context)
  await ensureAll(api, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: imagesNamespace } },
    ...storageClasses.map(storageClass),
    snapshotClass(),
    ...imagePermissions,
  ])
}

async function readSnapshotDefinitions(signal: AbortSignal): Promise<readonly ClusterObject[]> {
  const folder = path.join(await moduleFolder(kubevirtFolder, snapshotter, signal), 'config', 'crd')
  const names = (await readdir(folder)).filter((name) => name.startsWith('snapshot.'))
  return await Promise.all(
    names.map(
      async (name) => parse(await readFile(path.join(folder, name), 'utf8')) as ClusterObject,
    ),
  )
}

async function runProgram(
  context: ClusterContext,
  images: StorageSettings['images'],
): Promise<void> {
  const folder = path.join(context.folder, 'storage')
  await mkdir(folder, { recursive: true })
  const settings: StorageSettings = {
    kubeconfig: context.kubeconfig,
    folder: context.level === 'real' ? folder : null,
    images,
  }
  const file = path.join(folder, 'settings.json')
  await writeFile(file, JSON.stringify(settings, null, 2))
  await context.supervise({
    name: 'storage',
    program: process.execPath,
    args: [program, file],
    restarts: true,
  })
}

async function publishImages(api: ApiServer, { signal }: ClusterContext): Promise<void> {
  for (const [name, size] of Object.entries(goldenSizes)) {
    const metadata = { name, namespace: imagesNamespace }
    await ensureAll(api, [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata,
        spec: {
          storageClassName: defaultClass,
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: size } },
        },
      },
      {
        apiVersion: 'cdi.kubevirt.io/v1beta1',
        kind: 'DataSource',
        metadata,
        spec: { source: { pvc: metadata } },
      },
    ])
    const place = `/api/v1/namespaces/${imagesNamespace}/persistentvolumeclaims/${name}`
    await waitUntil(`golden disk ${name}`, async () => isBound(await api.get(place)), {
      withinMs: imagesLimitMs,
      signal,
    })
  }
}

function isBound(claim: ClusterObject | null): boolean {
  return (claim?.status as { readonly phase?: string } | undefined)?.phase === 'Bound'
}
