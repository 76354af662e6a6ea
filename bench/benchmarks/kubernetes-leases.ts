import type { Benchmark } from '../support/benchmark.ts'
import { withKubernetesPlatform } from '../support/kubernetes-platform.ts'
import { createRawMachines } from '../support/raw-machines.ts'

const leases = 1_000
const limitMs = 30 * 60_000

export const kubernetesLeases: Benchmark = {
  name: 'kubernetes-leases',
  title: 'leases per second from the request to ready : machines per second of a raw loop',
  unit: '×',
  goal: 0.8,
  better: 'higher',
  how: [
    `${leases} machines by a loop that creates the same VirtualMachines and Secrets, 32 at a time, until all run; then ${leases} leases by the API, 32 at a time, until all are ready; on the same API server.`,
    'Real: the API server, virt-api, virt-controller, API, worker, queue and PostgreSQL. Simulated: the nodes (kubelet and virt-handler are played, machines boot at once), the import of disks, and that SSH answers.',
    'API, worker and PostgreSQL share the computer with the cluster, which the loop has for itself. The worker may make 200 requests per second.',
    'Memory is of the worker with all leases ready, in units of 10⁶ bytes.',
  ],
  run: (tell) =>
    withKubernetesPlatform(tell, async (platform) => {
      const rawMs = await createRawMachines(platform, leases, limitMs)
      tell(`raw loop: ${perSecond(rawMs).toFixed(1)} machines/s`)
      const before = await platform.look()
      const startedAt = performance.now()
      await platform.request(leases)
      await platform.reached('ready', leases, limitMs)
      const tookMs = performance.now() - startedAt
      tell(`platform: ${perSecond(tookMs).toFixed(1)} leases/s`)
      const after = await platform.look()
      return {
        value: rawMs / tookMs,
        runs: [rawMs / tookMs],
        also: [
          { name: 'RSS of the worker', value: after.rssMb, unit: 'MB', goal: 250, better: 'lower' },
          {
            name: 'growth of its heap per lease',
            value: ((after.heapMb - before.heapMb) * 1e3) / leases,
            unit: 'kB',
          },
          { name: 'leases', value: perSecond(tookMs), unit: 'per s' },
        ],
        naive: [{ name: 'raw loop, machines', value: perSecond(rawMs), unit: 'per s' }],
      }
    }),
}

function perSecond(tookMs: number): number {
  return (leases * 1_000) / tookMs
}
