import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parse } from 'yaml'
import { kinds } from './kinds.ts'
import type { KubeClient } from './kube-client.ts'
import { isKubeError, KubeUnavailable } from './kube-error.ts'
import type { KubeObject } from './kube-object.ts'
import { openKubeClient } from './open-kube-client.ts'
import { failureOf } from './testing/hostile-server.ts'
import { kubeconfigWith } from './testing/kubeconfig-with.ts'
import { quickTime } from './testing/quick-time.ts'
import { openTcpProxy, type TcpProxy } from './testing/tcp-proxy.ts'
import type { WatchCache } from './watch-cache.ts'

type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> }

const log = { info() {}, warn() {}, error() {} }
const { signal } = new AbortController()
const soon = { timeout: 180_000, interval: 20 }

describeOnCluster('the line to a real API server', ({ kubeconfig, runLabel }) => {
  let admin: KubeClient
  let proxy: TcpProxy
  let client: KubeClient
  let cache: WatchCache<ConfigMap>
  let namespace: string
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'leasehold-kube-'))
    const [first] = parse(await readFile(kubeconfig, 'utf8')).clusters
    const server = new URL(first.cluster.server)
    proxy = await openTcpProxy(server.hostname, Number(server.port || 443))
    const cluster = {
      server: `https://127.0.0.1:${proxy.port}`,
      'tls-server-name': first.cluster['tls-server-name'] ?? nameInCertificate(server.hostname),
    }
    const file = await kubeconfigWith(kubeconfig, folder, { cluster })
    admin = await openKubeClient({ settings: { file: kubeconfig }, log })
    client = await openKubeClient({ settings: { file }, log, time: quickTime(20) })
    namespace = `line-${process.pid}-${Math.floor(performance.now())}`
    const labels = { [runLabel.name]: runLabel.value }
    await admin.create(kinds.namespaces, { metadata: { name: namespace, labels } }, signal)
    await put('before')
    cache = client.watchCache<ConfigMap>(kinds.configMaps, { namespace }, () => {}, signal)
    await cache.synced(signal)
  })
  afterEach(async () => {
    await admin.delete({ kind: kinds.namespaces, name: namespace }, signal)
    await Promise.all([client.close(), admin.close()])
    proxy.close()
    await rm(folder, { recursive: true, force: true })
  })

  const put = (name: string) =>
    admin.create(kinds.configMaps, { metadata: { name, namespace } }, signal)
  const has = (name: string) => cache.get(namespace, name) !== null

  it.each(['cut', 'hold'] as const)(
    'may be gone (%s) for long: what is known is not believed, and nothing is missed after',
    async (how) => {
      proxy[how]()
      await put('meanwhile')
      await admin.delete({ kind: kinds.configMaps, namespace, name: 'before' }, signal)

      await expect.poll(() => cache.isFresh(), soon).toBe(false)
      const refusal = await failureOf(
        client.get({ kind: kinds.configMaps, namespace, name: 'meanwhile' }, signal),
      )
      expect(refusal).toBeInstanceOf(KubeUnavailable)
      expect([has('before'), has('meanwhile')]).toEqual([true, false])
      proxy.open()

      await expect.poll(() => cache.isFresh(), soon).toBe(true)
      expect([has('before'), has('meanwhile')]).toEqual([false, true])
    },
  )

  it('may break again and again while objects are made, and each is made once', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `made-${index}`)
    const labels = { made: 'once' }
    let isDone = false
    const breaking = (async () => {
      while (!isDone) {
        proxy.cut()
        await new Promise((resolve) => setImmediate(resolve))
        proxy.open()
        await expect.poll(() => cache.isFresh() || isDone, soon).toBe(true)
      }
    })()

    const create = async (name: string, isRepeated = false): Promise<void> => {
      const error = await failureOf(
        client.create(kinds.configMaps, { metadata: { name, namespace, labels } }, signal),
      )
      if (error instanceof KubeUnavailable) return create(name, true)
      if (!isRepeated || !isKubeError(error, 'AlreadyExists')) expect(error).toBeNull()
    }
    await Promise.all(names.map((name) => create(name)))
    isDone = true
    await breaking

    const { items } = await admin.list(
      kinds.configMaps,
      { namespace, labelSelector: 'made=once' },
      signal,
    )
    expect(items).toHaveLength(names.length)
    await expect.poll(() => names.filter((name) => !has(name)), soon).toEqual([])
  })
})

/** A certificate names hosts for SNI; every API server's has `kubernetes`, and an address is no name. */
function nameInCertificate(host: string): string {
  return isIP(host.replace(/[[\]]/g, '')) === 0 ? host : 'kubernetes'
}
