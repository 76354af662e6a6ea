import { randomUUID } from 'node:crypto'
import { type Cluster, type SimulatedNodes, startSimulatedNodes } from '@leasehold/dev-cluster'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { openKubeClient } from '../../packages/compute-kubernetes/src/client/open-kube-client.ts'
import { quiet } from '../../packages/compute-kubernetes/src/machines/testing/driver-on-fake.ts'
import { playNodes } from '../../packages/compute-kubernetes/src/machines/testing/play-nodes.ts'
import { eventually } from './support/kubevirt-machines.ts'
import { makeNamespace, type TestNamespace } from './support/namespace.ts'
import { openAccess } from './support/open-access.ts'

const soonMs = 180_000

describeOnCluster('a machine on a simulated node', (access) => {
  const node = `node-${randomUUID().slice(0, 8)}`
  let cluster: Cluster
  let nodes: SimulatedNodes
  let namespace: TestNamespace
  let simulator: { readonly ended: Promise<void> }
  const ends = new AbortController()

  beforeAll(async () => {
    cluster = await openAccess(access)
    const { signal } = ends
    const settings = { file: access.kubeconfig }
    const client = await openKubeClient({ settings, log: quiet })
    simulator = await playNodes(access, client, signal)
    await client.close()
    nodes = await startSimulatedNodes({ kubeconfig: access.kubeconfig, signal }, [{ name: node }])
    namespace = await makeNamespace(cluster.kubectl, access)
  })
  afterEach(async () => {
    await nodes.clearBehaviour()
    await namespace.kubectl(['delete', 'vm', '--all', '--wait=false'])
    await eventually('machines to go', soonMs, async () =>
      (await namespace.kubectl(['get', 'vmi,pod', '-o', 'name'])) === '' ? true : null,
    )
  })
  afterAll(async () => {
    await namespace?.remove()
    await nodes?.stop()
    ends.abort()
    await simulator?.ended
  })

  const read = (what: string, jsonPath: string) =>
    namespace.kubectl(['get', ...what.split(' '), '-o', `jsonpath=${jsonPath}`])
  const status = (name: string) => read(`vm ${name}`, '{.status.printableStatus}')
  const untilStatus = (name: string, wanted: string) =>
    eventually(`${name} to be ${wanted}`, soonMs, async () =>
      (await status(name)) === wanted ? true : null,
    )
  const behave = (name: string, behaviour: Parameters<SimulatedNodes['setBehaviour']>[1]) =>
    nodes.setBehaviour({ labels: { machine: name }, namespace: namespace.name }, behaviour)

  it('runs, with an address, and goes when it is deleted', async () => {
    await namespace.apply(machineOn(node, 'good'))

    await untilStatus('good', 'Running')

    expect(await read('vmi good', '{.status.nodeName}')).toBe(node)
    expect(await read('vmi good', '{.status.interfaces[0].ipAddress}')).toMatch(/^10\./)
  })

  it('hangs while it boots, until it is told to go on', async () => {
    await behave('slow', { bootsAfterMs: 'never' })
    await namespace.apply(machineOn(node, 'slow'))
    await eventually('the launcher to run', soonMs, async () =>
      (await read('vmi slow', '{.status.phase}')) === 'Scheduled' ? true : null,
    )
    expect(await status('slow')).toBe('Starting')

    await nodes.clearBehaviour()

    await untilStatus('slow', 'Running')
  })

  it('crashes whenever it boots', async () => {
    await behave('broken', { boot: 'crash' })
    await namespace.apply(machineOn(node, 'broken'))

    await untilStatus('broken', 'CrashLoopBackOff')
  })

  it('stays while it is deleted, when it is told to', async () => {
    await namespace.apply(machineOn(node, 'sticky'))
    await untilStatus('sticky', 'Running')
    await behave('sticky', { deletesAfterMs: 'never' })

    await namespace.kubectl(['delete', 'vm', 'sticky', '--wait=false'])

    await eventually('its pod to be told to end', soonMs, async () =>
      (await read('pod', '{.items[0].metadata.deletionTimestamp}')) === '' ? null : true,
    )
    expect(await read('vmi sticky', '{.status.phase}')).toBe('Running')
  })

  it('is not ready on a dead node, fails once its pod is taken away, and comes back with the node', async () => {
    await namespace.apply(machineOn(node, 'lost'))
    await untilStatus('lost', 'Running')
    const ready = () => read('vmi lost', '{.status.conditions[?(@.type=="Ready")].status}')

    await nodes.killNode(node)
    await eventually('it to be not ready', soonMs, async () =>
      (await ready()) === 'False' ? true : null,
    )
    await namespace.kubectl(['delete', 'pod', '--all', '--force', '--grace-period=0'])
    await eventually('it to have failed', soonMs, async () =>
      (await read('vmi lost', '{.status.phase}')) === 'Running' ? null : true,
    )
    await nodes.reviveNode(node)

    await untilStatus('lost', 'Running')
  }, 300_000)
})

function machineOn(node: string, name: string): object {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name },
    spec: {
      runStrategy: 'Always',
      template: {
        metadata: { labels: { machine: name } },
        spec: {
          nodeSelector: { 'kubernetes.io/hostname': node },
          terminationGracePeriodSeconds: 1,
          domain: {
            memory: { guest: '64Mi' },
            devices: { interfaces: [{ name: 'default', masquerade: {} }] },
          },
          networks: [{ name: 'default', pod: {} }],
        },
      },
    },
  }
}
