import type { Lease, SshKey } from '@leasehold/contract'
import { waitFor } from '../../client/wait-for.ts'
import type { Tell } from '../narrator.ts'
import type { Session } from '../session.ts'

/** Without hardware virtualisation a boot takes about a minute on an idle computer, and many on a busy one. */
const bootLimitMs = 1_200_000

export type LeasedMachine = { readonly lease: Lease; readonly key: SshKey }

/** Puts a fresh key on file, asks for a `tiny` machine with it and watches the states until it is ready. */
export async function leaseMachine(session: Session, tell: Tell): Promise<LeasedMachine> {
  const { renter, identity } = session
  await releaseLeftovers(session, tell)
  const key = await renter.send<SshKey>('POST', '/v1/ssh-keys', {
    json: { name: `tour ${new Date().toISOString().slice(0, 19)}`, publicKey: identity.publicKey },
  })
  tell(`key on file: ${key.fingerprint}`)
  const asked = await renter.send<Lease>('POST', '/v1/leases', {
    headers: { 'idempotency-key': `tour-${key.id}` },
    json: {
      machineType: 'tiny',
      name: 'tour',
      sshKeyIds: [key.id],
      timeToLiveSeconds: 3_600,
      labels: { from: 'tour' },
    },
  })
  tell(`asked for a tiny machine: ${asked.id} is ${asked.state}`)
  return { lease: await watchUntilReady(session, asked, tell), key }
}

/** A tour that was cut off may have left its machine; it must not take this one's room. */
async function releaseLeftovers({ renter }: Session, tell: Tell): Promise<void> {
  const { items } = await renter.get<{ readonly items: readonly Lease[] }>(
    '/v1/leases?label=from=tour',
  )
  for (const { id, state, actions } of items.filter((lease) => lease.actions.includes('release'))) {
    tell(`an earlier tour left ${id} (${state}; can: ${actions.join(', ')}): releasing it`)
    await renter.send('DELETE', `/v1/leases/${id}`)
  }
}

async function watchUntilReady({ renter }: Session, asked: Lease, tell: Tell): Promise<Lease> {
  let { state, waitingFor } = asked
  const isSettled = (lease: Lease) => {
    if (lease.state !== state) tell(`${state} → ${lease.state}${because(lease)}`)
    else if (lease.waitingFor !== waitingFor && lease.waitingFor !== null)
      tell(`waits for: ${lease.waitingFor}`)
    state = lease.state
    waitingFor = lease.waitingFor
    return ['ready', 'failed', 'released', 'stopped'].includes(lease.state)
  }
  const look = () => renter.get<Lease>(`/v1/leases/${asked.id}`)
  const lease = await waitFor('the machine', look, isSettled, { withinMs: bootLimitMs })
  if (lease.state !== 'ready')
    throw new Error(
      `the lease is ${lease.state} because ${lease.reason}: see /v1/leases/${lease.id}/events`,
    )
  tell(`ready until ${lease.expiresAt}; can: ${lease.actions.join(', ')}`)
  return lease
}

function because({ reason, waitingFor }: Lease): string {
  const why = reason ?? waitingFor
  return why === null ? '' : ` (${why})`
}
