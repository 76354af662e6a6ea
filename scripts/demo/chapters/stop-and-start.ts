import type { Lease } from '@leasehold/contract'
import { waitFor } from '../../client/wait-for.ts'
import type { Tell } from '../narrator.ts'
import type { Session } from '../session.ts'

const stopLimitMs = 300_000
const bootLimitMs = 1_200_000
const words = 'written before the stop'

/** Writes a file, stops the machine, starts it again and reads the file: another machine, the same disk and keys. */
export async function stopAndStart(session: Session, lease: Lease, tell: Tell): Promise<Lease> {
  await run(session, lease, `echo '${words}' > notes.txt && sync`)
  tell(`wrote notes.txt: "${words}"`)
  await session.renter.send('POST', `/v1/leases/${lease.id}/stop`)
  const stopped = await until(session, lease.id, 'stopped', stopLimitMs, tell)
  tell(`its disk is kept until ${stopped.deadlineAt}`)
  await session.renter.send('POST', `/v1/leases/${lease.id}/start`)
  const again = await until(session, lease.id, 'ready', bootLimitMs, tell)
  const found = await run(session, again, 'cat notes.txt')
  tell(`notes.txt says: "${found.trim()}"`)
  if (found.trim() !== words) throw new Error('the file is not what was written')
  return again
}

async function run({ identity }: Session, lease: Lease, remote: string): Promise<string> {
  const { ssh } = lease.access
  if (ssh === null) throw new Error('the ready lease has no SSH access')
  const result = await identity.run(ssh.command, remote, 120_000)
  if (result.code !== 0) throw new Error(`ssh ended with ${result.code}: ${result.stderr}`)
  return result.stdout
}

async function until(
  { renter }: Session,
  id: string,
  wanted: Lease['state'],
  withinMs: number,
  tell: Tell,
): Promise<Lease> {
  let state = ''
  const isThere = (lease: Lease) => {
    if (lease.state !== state)
      tell(`${lease.state}${lease.waitingFor ? ` (${lease.waitingFor})` : ''}`)
    state = lease.state
    if (lease.state === 'failed')
      throw new Error(`it failed: ${lease.reasonDetail ?? lease.reason}`)
    return lease.state === wanted
  }
  return await waitFor(wanted, () => renter.get<Lease>(`/v1/leases/${id}`), isThere, { withinMs })
}
