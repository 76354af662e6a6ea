import type { DemoCluster } from './demo-cluster.ts'

const kinds =
  'virtualmachines,virtualmachineinstances,pods,persistentvolumeclaims,datavolumes,secrets,jobs,services'

/** What of these leases and tasks is left in the cluster, in every namespace. */
export async function findLeftObjects(
  { cluster }: DemoCluster,
  ids: { readonly leases: readonly string[]; readonly tasks: readonly string[] },
): Promise<readonly string[]> {
  const found = await Promise.all([
    list(cluster, `leasehold.dev/lease in (${ids.leases.join(',')})`),
    list(cluster, `leasehold.dev/task in (${ids.tasks.join(',')})`),
  ])
  return found.flat()
}

async function list({ kubectl }: DemoCluster['cluster'], selector: string): Promise<string[]> {
  const text = await kubectl(['get', kinds, '-A', '-l', selector, '-o', 'name'])
  return text.split('\n').filter((line) => line !== '')
}
