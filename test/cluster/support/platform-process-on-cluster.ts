import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Cluster } from '@leasehold/dev-cluster'
import { taskImage } from '@leasehold/dev-cluster'
import type { ClusterAccess } from '@leasehold/testing/cluster'
import { stringify } from 'yaml'
import { type ApiClient, makeApiClient } from '../../../scripts/client/api-client.ts'
import { type PlatformProcess, startPlatform } from '../../../scripts/client/platform-process.ts'
import { signIn } from '../../../scripts/client/sign-in.ts'

export const quickType = 'quick'
const pool = 'cluster'

export type PlatformProcessOnCluster = {
  readonly platform: PlatformProcess
  readonly renter: ApiClient
  readonly operator: ApiClient
  readonly sshPort: number
  /** Everything in the cluster that carries a lease's label, as `kind/name`. */
  objectsOf(leaseId: string): Promise<readonly string[]>
  close(): Promise<void>
}

/** The whole product as a process of its own, with the cluster as its only pool, and a machine type that boots in seconds. */
export async function openPlatformProcess(
  cluster: Cluster,
  { runLabel }: ClusterAccess,
): Promise<PlatformProcessOnCluster> {
  const folder = await mkdtemp(path.join(tmpdir(), 'leasehold-on-cluster-'))
  const prefix = `q${path
    .basename(folder)
    .slice(-4)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, 'x')}`
  const systemNamespace = `${prefix}-system`
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: systemNamespace, labels: { [runLabel.name]: runLabel.value } },
  }
  await cluster.kubectl(['create', '-f', '-'], JSON.stringify(namespace))
  const runApiPort = await freePort(cluster.hostAddress)
  const file = path.join(folder, 'pools.yaml')
  const entry = poolEntry(cluster, { prefix, systemNamespace, runApiPort })
  await writeFile(file, stringify({ pools: [entry] }))
  const ports = ['API', 'OPERATOR', 'ISSUER', 'GATEWAY', 'SSH'].map((name) => [`${name}_PORT`, '0'])
  const sshPort = await freePort('127.0.0.1')
  const settings = {
    ...(Object.fromEntries(ports) as Record<string, string>),
    SSH_PORT: String(sshPort),
    LEASEHOLD_STATE: folder,
    LEASEHOLD_POOLS: file,
    RUN_API_HOST: cluster.hostAddress,
    RUN_API_PORT: String(runApiPort),
  }
  const platform = await startPlatform(settings, path.join(folder, 'platform.log'))
  const [olivia, oscar] = await Promise.all(
    ['olivia', 'oscar'].map((person) => signIn(platform.issuer, person, () => {})),
  )
  const operator = makeApiClient(platform.operator, () => oscar?.token() ?? Promise.resolve(''))
  await operator.send('PUT', `/v1/machine-types/${quickType}`, { json: quickMachineType })
  return {
    platform,
    operator,
    renter: makeApiClient(platform.api, () => olivia?.token() ?? Promise.resolve('')),
    sshPort,
    objectsOf: async (leaseId) => {
      const kinds = 'virtualmachines,virtualmachineinstances,pods,persistentvolumeclaims,secrets'
      const selection = ['-A', '-l', `leasehold.dev/lease=${leaseId}`, '-o', 'name']
      const text = await cluster.kubectl(['get', kinds, ...selection])
      return text.split('\n').filter((line) => line !== '')
    },
    async close() {
      await platform.stop()
      const ofInstallation = ['-l', `leasehold.dev/installation=${prefix}`]
      const policies = 'validatingadmissionpolicies,validatingadmissionpolicybindings'
      await cluster.kubectl(['delete', policies, ...ofInstallation])
      await cluster.kubectl(['delete', 'namespaces', ...ofInstallation, '--wait=false'])
      await cluster.kubectl(['delete', 'namespace', systemNamespace, '--wait=false'])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Less than a CPU is reserved for it: the cluster's one node has few. */
const quickMachineType = {
  description: 'A guest that is up in seconds.',
  cpu: { sockets: 1, cores: 1, threads: 1, model: 'max', overcommitPercent: 150 },
  memoryMiB: 256,
  disks: [{ role: 'system', sizeGiB: 1 }],
  gpus: [],
  pricePerHourMicros: 1_000,
  pools: [pool],
  images: ['small-guest'],
}

function poolEntry(
  cluster: Cluster,
  own: {
    readonly prefix: string
    readonly systemNamespace: string
    readonly runApiPort: number
  },
): object {
  const { hostAddress, nodeAddress, podCidr, serviceCidr, kubeconfig } = cluster
  const { prefix, systemNamespace, runApiPort } = own
  const smallGuest = { namespace: 'leasehold-images', name: 'small-guest' }
  return {
    kind: 'kubernetes',
    name: pool,
    region: 'here',
    kubeconfig: { file: kubeconfig },
    // No route to pods is needed: what a gateway far from the cluster has.
    access: 'port-forward',
    prefix,
    systemNamespace,
    images: { 'small-guest': { dataSource: smallGuest } },
    taskImages: { python: taskImage },
    storageClasses: { default: 'leasehold-disks' },
    runApiUrl: `http://${hostAddress}:${runApiPort}`,
    openEndpoints: [{ cidr: `${hostAddress}/32`, port: runApiPort }],
    clusterRanges: [podCidr, serviceCidr, `${nodeAddress}/32`],
  }
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port)
      })
    })
  })
}
