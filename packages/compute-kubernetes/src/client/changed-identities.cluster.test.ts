import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Cluster, startCluster } from '@leasehold/dev-cluster'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kinds } from './kinds.ts'
import type { KubeClient } from './kube-client.ts'
import { KubeUnavailable } from './kube-error.ts'
import { openKubeClient } from './open-kube-client.ts'
import { failureOf } from './testing/hostile-server.ts'
import { kubeconfigWith } from './testing/kubeconfig-with.ts'
import { quickTime } from './testing/quick-time.ts'

const log = { info() {}, warn() {}, error() {} }
const { signal } = new AbortController()
const soon = { timeout: 180_000, interval: 100 }
const namespace = 'default'

describeOnCluster('a cluster whose identities change', ({ cacheFolder }) => {
  let folder: string
  let cluster: Cluster
  const clients: KubeClient[] = []

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'leasehold-identities-'))
    const place = { folder: path.join(folder, 'cluster'), cacheFolder, log: () => {} }
    const limit = AbortSignal.timeout(15 * 60_000)
    cluster = await startCluster({ ...place, level: 'control-plane', parts: [], signal: limit })
  })
  afterAll(async () => {
    for (const client of clients) await client.close()
    await cluster?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const open = async (file: string) => {
    const client = await openKubeClient({ settings: { file }, log, time: quickTime(20) })
    clients.push(client)
    return client
  }
  const put = async (name: string, text: string) => {
    await writeFile(path.join(folder, `${name}.new`), text)
    await rename(path.join(folder, `${name}.new`), path.join(folder, name))
  }

  it('ends a token: the refusal is told as it is, and the next token in the file is taken', async () => {
    const bind = async (secret: string) => {
      await cluster.kubectl(['create', 'secret', 'generic', secret])
      const to = ['--bound-object-kind=Secret', `--bound-object-name=${secret}`]
      return (await cluster.kubectl(['create', 'token', 'worker', ...to])).trim()
    }
    await cluster.kubectl(['create', 'serviceaccount', 'worker'])
    const role = ['--clusterrole=view', `--serviceaccount=${namespace}:worker`]
    await cluster.kubectl(['create', 'clusterrolebinding', 'worker', ...role])
    const [first, second] = [await bind('first'), await bind('second')]
    await put('token', first)
    const user = { tokenFile: 'token' }
    const client = await open(await kubeconfigWith(cluster.kubeconfig, folder, { user }))
    const read = () => failureOf(client.list(kinds.configMaps, { namespace }, signal))
    await expect.poll(read, soon).toBeNull()

    await cluster.kubectl(['delete', 'secret', 'first'])
    await expect.poll(read, soon).toMatchObject({ status: 401, reason: 'Unauthorized' })
    await put('token', second)

    await expect.poll(read, soon).toBeNull()
  })

  it('has new certificates, its authority’s too: nothing is believed until the kubeconfig vouches for them, and nothing is missed', async () => {
    const file = path.join(folder, 'kubeconfig')
    await copyFile(cluster.kubeconfig, file)
    const client = await open(file)
    const cache = client.watchCache(kinds.configMaps, { namespace }, () => {}, signal)
    await cache.synced(signal)
    const controlPlane = cluster.process('control-plane')
    const certificates = path.join(folder, 'cluster', 'control-plane', 'certificates')

    await controlPlane.stop()
    await rm(certificates, { recursive: true })
    await controlPlane.start()
    const issued = path.join(certificates, 'admin.kubeconfig')
    const isUp = () => copyFile(issued, cluster.kubeconfig).then(() => cluster.kubectl(['version']))
    await expect.poll(() => failureOf(isUp()), soon).toBeNull()
    await cluster.kubectl(['create', 'configmap', 'meanwhile'])

    expect(await failureOf(client.list(kinds.configMaps, { namespace }, signal))).toBeInstanceOf(
      KubeUnavailable,
    )
    expect(cache.isFresh()).toBe(false)
    await copyFile(issued, file)

    await expect.poll(() => cache.isFresh(), soon).toBe(true)
    expect(cache.get(namespace, 'meanwhile')).not.toBeNull()
  })
})
