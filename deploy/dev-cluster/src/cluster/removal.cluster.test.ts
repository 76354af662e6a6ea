import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { PoolName } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openClusterCapacity } from '../../../../packages/compute-kubernetes/src/capacity/open-cluster-capacity.ts'
import { openKubeClient } from '../../../../packages/compute-kubernetes/src/client/open-kube-client.ts'
import { taskImage } from '../images/base-images.ts'
import { hierarchies } from '../node/cgroups.ts'
import { ip } from '../node/host-link.ts'
import { sendSignal } from '../processes/end-processes.ts'
import { findProcesses } from '../processes/find-processes.ts'
import { runCommand } from '../processes/run-command.ts'
import { readState } from './cluster-state.ts'
import { type Cluster, type ClusterOptions, openCluster, startCluster } from './start-cluster.ts'

const startLimitMs = 300_000
/** Kubernetes gives a node 50 s to say that it lives; the rest is for a busy computer. */
const minutes = { timeout: 180_000, interval: 250 }

describeOnCluster(
  'a second cluster on the same computer',
  ({ cacheFolder }) => {
    let parent: string
    let folder: string
    let options: ClusterOptions
    let cluster: Cluster

    beforeAll(async () => {
      parent = await mkdtemp(path.join(tmpdir(), 'leasehold cluster '))
      folder = path.join(parent, 'state')
      const signal = AbortSignal.timeout(20 * 60_000)
      const place = { folder, cacheFolder, log: () => undefined, signal }
      options = { ...place, level: 'real', nodeCount: 2, parts: [] }
      cluster = await startCluster(options)
    }, startLimitMs)
    afterAll(async () => {
      await cluster?.stop()
      await rm(parent, { recursive: true, force: true })
    })

    it('is found by another process, and has each node ready', async () => {
      const found = await openCluster(options)

      expect(found?.nodes.map(({ name }) => name)).toEqual(['node1', 'node2'])
      expect(await statuses(cluster)).toBe('True True')
    })

    it('starts again after everything of it was killed at once', {
      timeout: startLimitMs,
    }, async () => {
      for (const pid of await findProcesses(folder)) sendSignal(pid, 'SIGKILL')
      expect(await openCluster(options)).toBeNull()

      cluster = await startCluster(options)

      expect(await statuses(cluster)).toBe('True True')
    })

    it('ends with the process that started it, when it was asked to', {
      timeout: startLimitMs,
    }, async () => {
      const guarded = path.join(parent, 'guarded')
      const module = new URL('./start-cluster.ts', import.meta.url).href
      const asked = { folder: guarded, cacheFolder, level: 'control-plane', endsWithUs: true }
      const script = `
        const { startCluster } = await import(${JSON.stringify(module)})
        const signal = AbortSignal.timeout(200_000)
        await startCluster({ ...${JSON.stringify(asked)}, log: () => undefined, signal })
        process.kill(process.pid, 'SIGKILL')`

      await runCommand(process.execPath, ['--input-type=module', '-e', script], {
        signal: options.signal,
        timeoutMs: 200_000,
      }).catch((error: Error) => expect(error.message).toContain('ended with SIGKILL'))

      await expect
        .poll(() => access(guarded).then(String, ({ code }) => code), { timeout: 30_000 })
        .toBe('ENOENT')
      expect(await findProcesses(guarded)).toEqual([])
    })

    it('keeps its objects when its control plane is stopped and started', async () => {
      await cluster.kubectl(['create', 'namespace', 'kept'])

      await cluster.process('control-plane').stop()
      expect(await openCluster(options)).toBeNull()
      await cluster.process('control-plane').start()

      await expect
        .poll(() => cluster.kubectl(['get', 'namespace', 'kept', '-o', 'name']).catch(String), {
          timeout: 60_000,
          interval: 500,
        })
        .toBe('namespace/kept\n')
    })

    it('has a node that dies and comes back with its pods, both seen by capacity within seconds', {
      timeout: 2 * startLimitMs,
    }, async () => {
      const log = { info() {}, warn() {}, error() {} }
      const client = await openKubeClient({ settings: { file: cluster.kubeconfig }, log })
      const settings = {
        name: 'east' as PoolName,
        gpus: {},
        taskGpus: {},
        kataRuntimeClass: null,
      }
      const capacity = openClusterCapacity({ client, log, settings })
      const withRoom = () => capacity.read().nodes?.map(({ name }) => name)
      const isReady = async () => (await statuses(cluster)).split(' ')[1]
      const seconds = { timeout: 10_000, interval: 100 }
      await capacity.synced(AbortSignal.timeout(30_000))
      await cluster.kubectl(['create', '-f', '-'], JSON.stringify(servingPod('node2')))
      await expect.poll(() => answerOf(cluster), minutes).toBe(200)
      expect(withRoom()).toEqual(['node1', 'node2'])

      await cluster.endNode('node2')
      await expect.poll(isReady, minutes).not.toBe('True')
      await expect.poll(withRoom, seconds).toEqual(['node1'])
      expect(await answerOf(cluster)).toBeNull()

      await cluster.startNode('node2')
      expect(await isReady()).toBe('True')
      await expect.poll(withRoom, seconds).toEqual(['node1', 'node2'])
      await expect.poll(() => answerOf(cluster), minutes).toBe(200)
      expect(await cluster.nodes[1]?.exec('hostname', ['-I'])).toContain(cluster.nodes[1]?.address)
      await expect(cluster.endNode('node1')).rejects.toThrow('control plane')
      capacity.close()
      await client.close()
    })

    it('leaves nothing: no process, no link, no route, no mount, no control group, no file', async () => {
      const state = await readState(folder)
      const link = state?.host?.link ?? 'no link'
      const cgroup = state?.nodes[0]?.cgroup ?? 'no control group'
      expect(await leftovers(folder, link, cgroup)).toEqual({
        processes: expect.any(Number),
        isLinked: true,
        hasRoutes: true,
        cgroups: (await hierarchies()).length,
        isMountedHere: false,
        hasFiles: true,
      })
      expect(await findProcesses(folder)).not.toEqual([])

      await cluster.stop()

      expect(await leftovers(folder, link, cgroup)).toEqual({
        processes: 0,
        isLinked: false,
        hasRoutes: false,
        cgroups: 0,
        isMountedHere: false,
        hasFiles: false,
      })
    })
  },
  { level: 'real' },
)

/** Serves its own files, which are none. */
function servingPod(nodeName: string): object {
  const command = ['python3', '-m', 'http.server', '--directory', '/tmp', '8080']
  const container = { name: 'server', image: taskImage, imagePullPolicy: 'Never', command }
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'server', namespace: 'default' },
    spec: { nodeName, terminationGracePeriodSeconds: 0, containers: [container] },
  }
}

/** The status of the pod's answer to the host; null while it gives none. */
async function answerOf({ kubectl }: Cluster): Promise<number | null> {
  const address = await kubectl(['get', 'pod', 'server', '-o', 'jsonpath={.status.podIP}'])
  const signal = AbortSignal.timeout(2_000)
  return await fetch(`http://${address}:8080`, { signal }).then(
    ({ status }) => status,
    () => null,
  )
}

function statuses(cluster: Cluster): Promise<string> {
  const path = '{.items[*].status.conditions[?(@.type=="Ready")].status}'
  return cluster.kubectl(['get', 'nodes', '-o', `jsonpath=${path}`])
}

async function leftovers(folder: string, link: string, cgroup: string) {
  const { signal } = new AbortController()
  const branches = await Promise.all(
    (await hierarchies()).map((hierarchy) => readdir(hierarchy.folder)),
  )
  return {
    processes: (await findProcesses(folder)).length,
    isLinked: (await ip(['link', 'show'], signal)).includes(link),
    hasRoutes: (await ip(['route', 'show', 'table', 'all'], signal)).includes(link),
    cgroups: branches.filter((names) => names.includes(cgroup)).length,
    // Mounts of the node are its own, also while it runs.
    isMountedHere: (await readFile('/proc/self/mounts', 'utf8')).includes(
      folder.split(' ').at(-1) ?? folder,
    ),
    hasFiles: await access(folder).then(
      () => true,
      () => false,
    ),
  }
}
