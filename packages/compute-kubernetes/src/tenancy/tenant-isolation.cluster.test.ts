import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Tenant } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { kinds } from '../client/kinds.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { labelNames } from '../object-names.ts'
import { gatewayPodLabels } from './network-policies.ts'
import { makeProbingPods, type Target } from './testing/probing-pods.ts'
import { openTenancyOnCluster, type TenancyOnCluster } from './testing/tenancy-on-cluster.ts'

const { signal } = new AbortController()
const metadataService = '169.254.169.254'
/** An address of documentation (RFC 5737), which here stands for the internet. */
const internet = '198.51.100.7'
const machine = { [labelNames.lease]: 'lse_probe' }

describeOnCluster(
  'packets of tenants',
  (cluster) => {
    let place: TenancyOnCluster
    let driver: TenancyOnCluster['driver']
    let pods: ReturnType<typeof makeProbingPods>
    let a: Tenant
    let b: Tenant
    let store: Server
    let other: Server
    let ofA: string
    let forbidden: readonly Target[]
    let named: Awaited<ReturnType<typeof addressesOf>>
    const hostAddress = cluster.hostAddress ?? ''
    const portOf = (server: Server) => (server.address() as AddressInfo).port

    beforeAll(async () => {
      store = await listen(hostAddress)
      other = await listen(hostAddress)
      place = await openTenancyOnCluster(cluster, {
        clusterRanges: [cluster.podCidr ?? '', cluster.serviceCidr ?? ''],
        openEndpoints: [{ cidr: `${hostAddress}/32`, port: portOf(store) }],
      })
      pods = makeProbingPods(place.client, cluster.taskImage ?? '', signal)
      a = await place.newTenant({ tier: 'dev' })
      b = await place.newTenant({ tier: 'production' })
      named = await addressesOf(place, cluster.kubeconfig)
      ofA = await pods.serve(
        { namespace: place.namespaceOf(a), name: 'm', labels: machine },
        [22, 8_888, 9_999],
      )
      const sibling = await pods.serve(
        { namespace: place.namespaceOf(a), name: 'n', labels: machine },
        [22],
      )
      const ofB = await pods.serve(
        { namespace: place.namespaceOf(b), name: 'm', labels: machine },
        [22, 8_888],
      )
      const service = await serviceOf(place, place.namespaceOf(b))
      await pods.serveOutside({ namespace: place.settings.systemNamespace, name: 'outside' }, [
        `${metadataService}:80`,
        `${internet}:443`,
        `${internet}:25`,
      ])
      forbidden = [
        `${ofB}:22`,
        `${ofB}:8888`,
        `${service}:8888`,
        `${sibling}:22`,
        ...named.apiServer,
        ...named.kubelets,
        `${metadataService}:80`,
        `${internet}:25`,
        `${hostAddress}:${portOf(other)}`,
      ]
    }, 300_000)
    afterAll(async () => {
      await driver?.close()
      await place?.close()
      store?.close()
      other?.close()
    }, 120_000)

    const fromA = (targets: readonly Target[]) =>
      pods.probe({ namespace: place.namespaceOf(a), labels: machine }, targets)
    const fromB = (targets: readonly Target[]) =>
      pods.probe({ namespace: place.namespaceOf(b), labels: machine }, targets)
    const inSystem = (labels: Readonly<Record<string, string>>, targets: readonly Target[]) =>
      pods.probe({ namespace: place.settings.systemNamespace, labels }, targets)
    const toMachine = () => [`${ofA}:22`, `${ofA}:8888`, `${ofA}:9999`]

    it('go everywhere while there are no policies, so that a refusal below is one', async () => {
      await place.driver.close()
      for (const tenant of [a, b]) await removePolicies(place, place.namespaceOf(tenant))

      await vi.waitFor(
        async () => {
          expect(await fromA(forbidden)).toEqual(all(forbidden, 'open'))
          expect(await inSystem({}, toMachine())).toEqual(all(toMachine(), 'open'))
        },
        { timeout: 60_000, interval: 1_000 },
      )
      driver = place.openDriver()
      await driver.ensureTenant(a, signal)
      await driver.ensureTenant(b, signal)
      await vi.waitFor(
        async () => expect((await fromA([`${internet}:25`]))[`${internet}:25`]).toBe('closed'),
        {
          timeout: 60_000,
          interval: 500,
        },
      )
    })

    it('reach nothing of another tenant, a sibling, the API server, the kubelet, or the metadata service', async () => {
      expect(await fromA(forbidden)).toEqual(all(forbidden, 'closed'))
    })

    it('reach the object store, names, and the internet as far as the tier lets them', async () => {
      const wanted = [
        `${hostAddress}:${portOf(store)}`,
        'dns:kubernetes.default.svc.cluster.local',
        `${internet}:443`,
      ]

      expect(await fromA(wanted)).toEqual(all(wanted, 'open'))
      expect(await fromB(wanted)).toEqual(all(wanted, 'open'))
      expect(await fromB(toMachine())).toEqual(all(toMachine(), 'closed'))
    })

    it('come in from the gateway, on 22 and 8888 only, and from nobody else', async () => {
      expect(await inSystem(gatewayPodLabels, toMachine())).toEqual({
        [`${ofA}:22`]: 'open',
        [`${ofA}:8888`]: 'open',
        [`${ofA}:9999`]: 'closed',
      })
      expect(await inSystem({}, toMachine())).toEqual(all(toMachine(), 'closed'))
    })
  },
  { level: 'real' },
)

function all(targets: readonly Target[], result: 'open' | 'closed'): Record<Target, string> {
  return Object.fromEntries(targets.map((target) => [target, result]))
}

async function listen(host: string): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => {}).end('hello'))
  server.listen(0, host)
  await once(server, 'listening')
  return server
}

async function removePolicies({ client }: TenancyOnCluster, namespace: string): Promise<void> {
  const { items } = await client.list(kinds.networkPolicies, { namespace }, signal)
  for (const { metadata } of items)
    await client.delete({ kind: kinds.networkPolicies, namespace, name: metadata.name }, signal)
}

type Service = KubeObject & { readonly spec: { readonly clusterIP: string } }
type Node = KubeObject & {
  readonly status: {
    readonly addresses: readonly { readonly type: string; readonly address: string }[]
  }
}

/** A service in front of the tenant's machine: judged by where it leads, not by its own address. */
async function serviceOf({ client }: TenancyOnCluster, namespace: string): Promise<string> {
  const made = await client.create<Service>(
    kinds.services,
    { metadata: { namespace, name: 'm' }, spec: { selector: machine, ports: [{ port: 8_888 }] } },
    signal,
  )
  return made.spec.clusterIP
}

/** The API server by its service and by its own address, and every kubelet. */
async function addressesOf({ client }: TenancyOnCluster, kubeconfig: string) {
  const service = await client.get<Service>(
    { kind: kinds.services, namespace: 'default', name: 'kubernetes' },
    signal,
  )
  const { clusters } = parse(await readFile(kubeconfig, 'utf8')) as {
    clusters: readonly { cluster: { server: string } }[]
  }
  const { hostname, port } = new URL(clusters[0]?.cluster.server ?? '')
  const { items } = await client.list<Node>(kinds.nodes, {}, signal)
  const internal = items.flatMap(({ status }) =>
    status.addresses.filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
  )
  return {
    apiServer: [`${service?.spec.clusterIP}:443`, `${hostname}:${port}`],
    kubelets: internal.map((address) => `${address}:10250`),
  }
}
