import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import type { Cluster } from '@leasehold/dev-cluster'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { makeNamespace, type TestNamespace } from './support/namespace.ts'
import { openAccess } from './support/open-access.ts'
import { probe, servingPod } from './support/pods.ts'

const needs = { level: 'real' } as const

describeOnCluster(
  'a real node of the development cluster',
  (access) => {
    let cluster: Cluster
    let namespace: TestNamespace

    beforeAll(async () => {
      cluster = await openAccess(access)
      namespace = await makeNamespace(cluster.kubectl, access)
      await namespace.apply(servingPod('server'))
      await namespace.awaitReady('server')
    })
    afterAll(() => namespace?.remove())

    it('is ready and says its version', async () => {
      const read = (path: string) => cluster.kubectl(['get', 'nodes', '-o', `jsonpath=${path}`])

      expect(await read('{.items[*].status.conditions[?(@.type=="Ready")].status}')).toMatch(
        /^True/,
      )
      expect(await read('{.items[0].status.nodeInfo.kubeletVersion}')).toBe('v1.36.3')
    })

    it('runs a pod whose log can be read and in which programs can be run', async () => {
      const seconds = await namespace.python('server', 'import time; print(int(time.time()))')

      expect(Math.abs(Number(seconds) * 1_000 - Date.now())).toBeLessThan(60_000)
      expect(await namespace.kubectl(['logs', 'server'])).toBe('ready\n')
      expect(await namespace.refusal(['exec', 'server', '--', 'sh', '-c', 'exit 7'])).toContain(
        'exit code 7',
      )
    })

    it('lets the host reach a pod, and a pod the host by its name', async () => {
      const host = createServer((_, response) => response.end('from the host'))
      await new Promise<void>((resolve) => host.listen(0, cluster.hostAddress, resolve))
      const { port } = host.address() as AddressInfo
      const read = `import urllib.request as r; print(r.urlopen('http://host.leasehold.internal:${port}', timeout=9).read())`

      const address = await podAddress(namespace, 'server')
      const answer = await fetch(`http://${address}:8080`, { signal: AbortSignal.timeout(10_000) })

      expect(await answer.text()).toBe('served')
      expect(await namespace.python('server', read)).toContain('from the host')
      host.close()
    })

    it('resolves services at once, and refuses names outside at once', async () => {
      const program = `
import socket, time
for name in ('kubernetes.default.svc.cluster.local', 'kubernetes.default', 'example.org'):
    start = time.time()
    try: found = socket.gethostbyname(name)
    except socket.gaierror as error: found = error.errno
    print(found, time.time() - start < 4)
`
      const serviceAddress = '10.96.0.1 True'

      expect((await namespace.python('server', program)).trim().split('\n')).toEqual([
        serviceAddress,
        serviceAddress,
        '-2 True',
      ])
    })

    it.runIf(availableParallelism() > 1)(
      'gives a whole processor to one pod alone when it asks for one',
      async () => {
        await namespace.apply(servingPod('exclusive', { cpu: '1' }))
        await namespace.awaitReady('exclusive')
        const read = 'import os; print(*os.sched_getaffinity(0))'

        const alone = (await namespace.python('exclusive', read)).trim().split(' ')
        // The kubelet moves the others off it within its next round.
        await vi.waitFor(
          async () => {
            const shared = (await namespace.python('server', read)).trim().split(' ')
            expect(shared).not.toContain(alone[0])
          },
          { timeout: 120_000, interval: 500 },
        )

        expect(alone).toHaveLength(1)
        await namespace.kubectl(['delete', 'pod', 'exclusive'])
      },
    )

    it('refuses what is over quota, with numbers', async () => {
      const limited = await makeNamespace(cluster.kubectl, access)
      const spec = { hard: { 'requests.cpu': '100m', pods: '3' } }
      await limited.apply({
        kind: 'ResourceQuota',
        apiVersion: 'v1',
        metadata: { name: 'all' },
        spec,
      })
      const isCounted = ['wait', '--for=jsonpath={.status.used.pods}=0', 'resourcequota/all']
      await limited.kubectl([...isCounted, '--timeout=30s'])
      await limited.apply(servingPod('first', { cpu: '60m' }))

      const second = JSON.stringify(servingPod('second', { cpu: '60m' }))

      expect(await limited.refusal(['create', '-f', '-'], second)).toContain(
        'exceeded quota: all, requested: requests.cpu=60m, used: requests.cpu=60m, limited: requests.cpu=100m',
      )
      await limited.remove()
    })
  },
  needs,
)

describeOnCluster(
  'network policies of the development cluster',
  (access) => {
    let cluster: Cluster
    let ours: TestNamespace
    let others: TestNamespace
    let server: string

    beforeAll(async () => {
      cluster = await openAccess(access)
      ours = await makeNamespace(cluster.kubectl, access)
      others = await makeNamespace(cluster.kubectl, access)
      await ours.apply(servingPod('server', { ports: [8080, 8081] }), servingPod('neighbour'))
      await others.apply(servingPod('stranger'))
      await ours.awaitReady('server', 'neighbour')
      await others.awaitReady('stranger')
      server = await podAddress(ours, 'server')
    })
    afterAll(async () => {
      await ours?.remove()
      await others?.remove()
    })

    it('are what refuses: without any, everything is open', async () => {
      expect(await probe(others, 'stranger', [`${server}:8080`, `${server}:8081`])).toEqual([
        'open',
        'open',
      ])
      expect(await probe(ours, 'neighbour', [`${server}:8080`, '10.96.0.1:443'])).toEqual([
        'open',
        'open',
      ])
    })

    it('deny everything, in and out, but what they allow', async () => {
      await ours.apply(
        policy('deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
        policy('let-stranger-in', {
          podSelector: { matchLabels: { app: 'server' } },
          policyTypes: ['Ingress'],
          ingress: [
            {
              from: [
                {
                  namespaceSelector: {
                    matchLabels: { 'kubernetes.io/metadata.name': others.name },
                  },
                },
              ],
              ports: [{ protocol: 'TCP', port: 8080 }],
            },
          ],
        }),
      )

      await vi.waitFor(
        async () => {
          expect(await probe(others, 'stranger', [`${server}:8080`, `${server}:8081`])).toEqual([
            'open',
            'refused',
          ])
          expect(
            await probe(ours, 'neighbour', [
              `${server}:8080`,
              '10.96.0.1:443',
              `${cluster.nodeAddress}:10250`,
              `${cluster.hostAddress}:22`,
            ]),
          ).toEqual(['refused', 'refused', 'refused', 'refused'])
        },
        { timeout: 90_000, interval: 250 },
      )
    })

    it('are gone when they are removed', async () => {
      await ours.kubectl(['delete', 'networkpolicy', '--all'])

      await vi.waitFor(
        async () => expect(await probe(ours, 'neighbour', [`${server}:8081`])).toEqual(['open']),
        { timeout: 90_000, interval: 250 },
      )
    })
  },
  needs,
)

function policy(name: string, spec: object): object {
  return {
    kind: 'NetworkPolicy',
    apiVersion: 'networking.k8s.io/v1',
    metadata: { name },
    spec,
  }
}

function podAddress({ kubectl }: TestNamespace, pod: string): Promise<string> {
  return kubectl(['get', 'pod', pod, '-o', 'jsonpath={.status.podIP}'])
}
