import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type ClusterAccess, describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kinds } from './kinds.ts'
import type { KubeClient } from './kube-client.ts'
import { openKubeClient } from './open-kube-client.ts'
import { refusalOf } from './testing/contract-tools.ts'
import { failureOf } from './testing/hostile-server.ts'
import { kubeClientContract } from './testing/kube-client-contract.ts'
import { kubeconfigWith } from './testing/kubeconfig-with.ts'
import { quickTime } from './testing/quick-time.ts'

const log = { info() {}, warn() {}, error() {} }
const { signal } = new AbortController()

const openNamespace = async ({ kubeconfig, runLabel }: ClusterAccess, client: KubeClient) => {
  const namespaceLabels = { [runLabel.name]: runLabel.value }
  const name = `client-${process.pid}-${Math.floor(performance.now())}`
  await client.create(kinds.namespaces, { metadata: { name, labels: namespaceLabels } }, signal)
  return { kubeconfig, namespace: name, namespaceLabels }
}
const open = ({ kubeconfig }: ClusterAccess) =>
  openKubeClient({ settings: { file: kubeconfig }, log, requestsPerSecond: 200 })

describeOnCluster('the client on a real API server', (cluster) => {
  kubeClientContract('real', async () => {
    const client = await open(cluster)
    const { namespace, namespaceLabels } = await openNamespace(cluster, client)
    return {
      client,
      namespace,
      namespaceLabels,
      async close() {
        await client.delete({ kind: kinds.namespaces, name: namespace }, signal)
        await client.close()
      },
    }
  })

  let client: KubeClient
  let namespace: string
  let folder: string

  beforeAll(async () => {
    client = await open(cluster)
    namespace = (await openNamespace(cluster, client)).namespace
    folder = await mkdtemp(path.join(tmpdir(), 'leasehold-kube-'))
  })
  afterAll(async () => {
    await client.delete({ kind: kinds.namespaces, name: namespace }, signal)
    await client.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('refuses a field that the kind does not have, by apply and by create', async () => {
    const manifest = { metadata: { name: 'typo', namespace }, dato: { a: '1' } }

    for (const write of [client.apply, client.create]) {
      const refusal = await refusalOf(write(kinds.configMaps, manifest, signal))
      expect(refusal.isRetryable).toBe(false)
      expect(refusal.message).toMatch(/unknown field|field not declared/)
    }
  })

  it('makes a thousand requests over a few connections, within its budget', async () => {
    const before = client.metrics()

    await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        client.get({ kind: kinds.configMaps, namespace, name: `none-${index}` }, signal),
      ),
    )

    const after = client.metrics()
    expect(after.openConnections).toBeLessThanOrEqual(70)
    expect(after.waitedMs).toBeGreaterThan(before.waitedMs)
    expect(after.retries).toBe(before.retries)
  })

  it('reads a list of more than one page as of one version', async () => {
    const labels = { list: 'long' }
    await Promise.all(
      Array.from({ length: 620 }, (_, index) =>
        client.create(
          kinds.configMaps,
          { metadata: { name: `item-${index}`, namespace, labels } },
          signal,
        ),
      ),
    )

    const { items } = await client.list(
      kinds.configMaps,
      { namespace, labelSelector: 'list=long' },
      signal,
    )

    expect(new Set(items.map(({ metadata }) => metadata.name)).size).toBe(620)
  })

  it('goes on with the token that lies in its file now, and is only who that token says', async () => {
    const tokenOf = async (name: string) => {
      await client.create(kinds.serviceAccounts, { metadata: { name, namespace } }, signal)
      const ref = { kind: kinds.serviceAccounts, namespace, name }
      const answer = await client.subresource(
        ref,
        'token',
        'POST',
        { spec: { expirationSeconds: 600 } },
        signal,
      )
      return (answer as { status: { token: string } }).status.token
    }
    const [first, second] = [await tokenOf('reader'), await tokenOf('nobody')]
    await client.create(
      kinds.roleBindings,
      {
        metadata: { name: 'reader', namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace }],
      },
      signal,
    )
    const put = async (text: string) => {
      await writeFile(path.join(folder, 'token.new'), text)
      await rename(path.join(folder, 'token.new'), path.join(folder, 'token'))
    }
    await put(first)
    const file = await kubeconfigWith(cluster.kubeconfig, folder, { user: { tokenFile: 'token' } })
    const reader = await openKubeClient({ settings: { file }, log, time: quickTime(20) })
    const read = () => reader.list(kinds.configMaps, { namespace }, signal)
    await expect.poll(() => failureOf(read()), { timeout: 10_000 }).toBeNull()

    await put(second)
    await expect
      .poll(() => failureOf(read()), { timeout: 10_000 })
      .toMatchObject({ status: 403, reason: 'Forbidden' })
    await put('no-token-at-all')
    await expect
      .poll(() => failureOf(read()), { timeout: 10_000 })
      .toMatchObject({ status: 401, reason: 'Unauthorized' })
    await put(first)

    await expect.poll(() => failureOf(read()), { timeout: 10_000 }).toBeNull()
    await reader.close()
  })

  it('trusts no server but the one whose certificate its kubeconfig vouches for', async () => {
    const file = await kubeconfigWith(cluster.kubeconfig, folder, {
      user: { token: 'x' },
      cluster: { 'certificate-authority-data': undefined },
    })
    const stranger = await openKubeClient({ settings: { file }, log, retries: { mostAttempts: 1 } })

    const error = await failureOf(stranger.list(kinds.configMaps, { namespace }, signal))

    expect((error as Error).message).toMatch(/certificate/)
    await stranger.close()
  })
})
