import type { Lease, Quota } from '@leasehold/contract'
import { waitFor } from '../../client/wait-for.ts'
import { findTraces } from '../find-traces.ts'
import type { DemoCluster } from '../kubernetes/demo-cluster.ts'
import { findLeftObjects } from '../kubernetes/find-left-objects.ts'
import type { Tell } from '../narrator.ts'
import type { Session, TourPlace } from '../session.ts'
import type { LeasedMachine } from './lease-machine.ts'

const releaseLimitMs = 120_000

/** Gives the machine back and waits for the end state, which promises that nothing is left. */
export async function releaseMachine(
  { renter }: Session,
  { lease, key }: LeasedMachine,
  tell: Tell,
): Promise<void> {
  const leaving = await renter.send<Lease>('DELETE', `/v1/leases/${lease.id}`)
  tell(`asked to release: ${leaving.state}`)
  const gone = await waitFor(
    'the release',
    () => renter.get<Lease>(`/v1/leases/${lease.id}`),
    ({ state }) => state === 'released' || state === 'failed',
    { withinMs: releaseLimitMs },
  )
  if (gone.state !== 'released') throw new Error(`the lease is ${gone.state}: ${gone.reason}`)
  tell(`released; used ${gone.usage.seconds} s for ${gone.usage.costMicros} millionths`)
  await renter.send('DELETE', `/v1/ssh-keys/${key.id}`)
  tell('the key is off the file')
}

/**
 * Looks where a client cannot: processes, files and ports of this computer, objects of the cluster. Throws when
 * anything is left.
 */
export async function showNothingLeft(
  session: Session,
  place: TourPlace,
  used: { readonly machine: LeasedMachine; readonly taskId: string; readonly usedLink: string },
  tell: Tell,
): Promise<void> {
  const { renter, browser, identity, platform } = session
  const { usedLink, taskId } = used
  const { lease } = used.machine
  const ids = [lease.id, taskId]
  const { processes, files } = await findTraces(ids, platform.stateFolder)
  tell(`processes that name ${ids.join(' or ')}: ${processes.length}`)
  tell(`machine folders, disks, seeds and keys of them: ${files.length}`)
  const objects = place === null ? [] : await objectsLeft(place.demo, lease.id, taskId, tell)
  const ssh = await identity.run(lease.access.ssh?.command ?? '', 'true', 30_000)
  tell(`ssh answers now: ${ssh.stderr.trim().split('\n').at(-1)}`)
  const page = await browser.fetch(new URL('/api/status', usedLink).href)
  tell(`Jupyter with the old cookie answers now: ${page.status}`)
  const quota = await renter.get<{ readonly items: readonly Quota[] }>('/v1/quota')
  const held = quota.items.filter(({ used }) => used > 0)
  tell(`quota in use: ${held.map((row) => `${row.resource} ${row.used}`).join(', ') || 'none'}`)
  const left = [
    ...processes,
    ...files,
    ...objects,
    ...(ssh.code === 0 ? ['ssh still works'] : []),
    ...(page.status < 400 ? ['Jupyter still answers'] : []),
  ]
  if (left.length > 0) throw new Error(`something is left: ${left.join('; ')}`)
}

/** Claims and pods go a moment after what owned them. */
async function objectsLeft(
  demo: DemoCluster,
  leaseId: string,
  taskId: string,
  tell: Tell,
): Promise<readonly string[]> {
  const look = () => findLeftObjects(demo, { leases: [leaseId], tasks: [taskId] })
  const left = await waitFor('what the cluster gives back', look, (all) => all.length === 0, {
    withinMs: releaseLimitMs,
  })
  tell(`machines, pods, disks, secrets and jobs of them in the cluster: ${left.length}`)
  return left
}
