import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { taskImage } from '@leasehold/dev-cluster'
import { stringify } from 'yaml'
import { type DemoCluster, systemNamespace } from './demo-cluster.ts'

export const demoPool = 'cluster'
/** Machines are emulated there: they boot slowly. */
const bootSeconds = 1_200

/** Writes the file that lists the cluster as the only pool; gives back the settings of a platform that uses it. */
export async function writePoolsFile(demo: DemoCluster): Promise<Record<string, string>> {
  const { cluster, folder, cacheFolder } = demo
  const { hostAddress } = cluster
  const port = await freePort(hostAddress)
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, 'pools.yaml')
  await writeFile(file, stringify({ pools: [poolOf(demo, port)] }))
  return {
    LEASEHOLD_STATE: folder,
    LEASEHOLD_CACHE: cacheFolder,
    LEASEHOLD_POOLS: file,
    RUN_API_HOST: hostAddress,
    RUN_API_PORT: String(port),
    LEASE_BOOT_SECONDS: String(bootSeconds),
  }
}

function poolOf({ cluster }: DemoCluster, runApiPort: number): object {
  const { kubeconfig, hostAddress, nodeAddress, podCidr, serviceCidr } = cluster
  return {
    kind: 'kubernetes',
    name: demoPool,
    region: 'here',
    kubeconfig: { file: kubeconfig },
    machineTypes: ['tiny', 'small', 'general', 'inference-vgpu'],
    systemNamespace,
    images: { 'debian-12': { dataSource: { namespace: 'leasehold-images', name: 'debian-12' } } },
    taskImages: { python: taskImage },
    gpus: {
      'a100-80gb': { by: 'device-plugin', resourceName: 'nvidia.com/GA100_A100_PCIE_40GB' },
      't4-vgpu-4gb': { by: 'device-plugin', resourceName: 'nvidia.com/GRID_T4-1Q', perCard: 16 },
    },
    storageClasses: { default: 'leasehold-disks' },
    runApiUrl: `http://${hostAddress}:${runApiPort}`,
    openEndpoints: [{ cidr: `${hostAddress}/32`, port: runApiPort }],
    clusterRanges: [podCidr, serviceCidr, `${nodeAddress}/32`],
    // The gateway runs on this computer, beside the cluster.
    gatewayRanges: [`${hostAddress}/32`],
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
