import type { Benchmark } from '../support/benchmark.ts'
import { withKubernetesPlatform } from '../support/kubernetes-platform.ts'
import type { KubernetesWorkerFacts } from '../support/kubernetes-worker.ts'

const leases = 40
const limitMs = 10 * 60_000

export const kubernetesWrites: Benchmark = {
  name: 'kubernetes-writes',
  title: 'writes to the API server for one cold lease, from the request to ready; the most of any',
  unit: 'writes',
  goal: 4,
  better: 'lower',
  how: [
    `${leases} leases by the API, all at once, until all are ready; then all are released. Counted by the worker's own client, for each lease.`,
    'Real: the API server, virt-api, virt-controller, API, worker, queue and PostgreSQL. Simulated: the nodes, the import of disks, and that SSH answers.',
  ],
  run: (tell) =>
    withKubernetesPlatform(tell, async (platform) => {
      const before = await platform.look()
      const ids = await platform.request(leases)
      await platform.reached('ready', leases, limitMs)
      const ready = await platform.look()
      tell(`ready: ${JSON.stringify(ready.requests)}`)
      await platform.release(ids)
      await platform.reached('released', leases, limitMs)
      const released = await platform.look()
      tell(`released: ${JSON.stringify(released.requests)}`)
      if (ready.writes.length < leases) throw new Error('Not every lease was counted.')
      return {
        value: Math.max(...ready.writes),
        runs: ready.writes,
        also: [
          { name: 'reads per lease until ready', value: reads(before, ready), unit: '' },
          {
            name: 'writes of a whole life, the most',
            value: Math.max(...released.writes),
            unit: '',
          },
          { name: 'reads per lease for its end', value: reads(ready, released), unit: '' },
        ],
        naive: [],
      }
    }),
}

/** Gets and lists per lease between two looks; caches are filled and followed besides. */
function reads(before: KubernetesWorkerFacts, after: KubernetesWorkerFacts): number {
  const count = ({ requests }: KubernetesWorkerFacts) =>
    Object.entries(requests)
      .filter(([name]) => /^(get|list) /.test(name))
      .reduce((sum, [, times]) => sum + times, 0)
  return (count(after) - count(before)) / leases
}
