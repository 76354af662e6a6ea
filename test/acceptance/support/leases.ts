import type { Lease } from '@leasehold/contract'
import type { ApiClient } from '../../../scripts/client/api-client.ts'
import { waitFor } from '../../../scripts/client/wait-for.ts'

/** Three times what a boot without hardware virtualisation takes on two idle cores, and more. */
const bootLimitMs = 400_000

export type LeaseState = Lease['state']

export async function requestLease(api: ApiClient, json: object): Promise<Lease> {
  return await api.send<Lease>('POST', '/v1/leases', { json: { machineType: 'tiny', ...json } })
}

/** Waits until the lease is in `wanted`; fails at once when it has ended otherwise. */
export async function leaseIn(api: ApiClient, id: string, wanted: LeaseState): Promise<Lease> {
  const ends: readonly LeaseState[] = ['released', 'failed']
  const lease = await waitFor(
    `lease ${id} in ${wanted}`,
    () => api.get<Lease>(`/v1/leases/${id}`),
    ({ state }) => state === wanted || ends.includes(state),
    { withinMs: bootLimitMs },
  )
  if (lease.state !== wanted) throw new Error(`${id} is ${lease.state} because ${lease.reason}`)
  return lease
}

/** The reason with which each state was entered, in order, once each move is recorded. */
export async function movesOf(api: ApiClient, id: string): Promise<readonly string[]> {
  const { items } = await api.get<{ items: { state: string; reason: string | null }[] }>(
    `/v1/leases/${id}/events`,
  )
  return items.map(({ state, reason }) => (reason === null ? state : `${state} (${reason})`))
}

export function sshCommandOf(lease: Lease): string {
  const { ssh } = lease.access
  if (ssh === null) throw new Error(`${lease.id} has no SSH access while ${lease.state}`)
  return ssh.command
}
