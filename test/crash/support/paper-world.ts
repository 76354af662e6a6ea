import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Answer } from '../../../scripts/client/api-client.ts'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { makeRandom, type Random } from '../../simulation/random.ts'
import { withDatabase } from './database.ts'
import { openStack } from './open-stack.ts'
import { makePaperPlace, type PaperPlace } from './paper-place.ts'
import { type PaperPlatform, startPaperPlatform } from './paper-platform.ts'
import type { Stack } from './stack.ts'
import { makeTenantClient, type TenantClient } from './tenant-client.ts'

/** One platform with its machines on paper and two tenants, for tests that take parts away from it. */
export type PaperWorld = {
  readonly stateFolder: string
  readonly stack: Stack
  readonly random: Random
  readonly place: PaperPlace
  readonly platform: PaperPlatform
  readonly clients: readonly TenantClient[]
  /** Every 5xx that a client of the load was given. */
  readonly refusals: Answer[]
  close(): Promise<void>
}

/** `given` is a state folder of the test's own, which stays. */
export async function openPaperWorld(seed: number, given?: string): Promise<PaperWorld> {
  const random = makeRandom(seed)
  const stateFolder = given ?? (await mkdtemp(join(tmpdir(), 'outage-')))
  // The database's own user passes through; otherwise its files would lie elsewhere, and stay.
  await chmod(stateFolder, 0o711)
  const stack = await openStack(stateFolder)
  const place = makePaperPlace(random)
  const platform = await startPaperPlatform(stateFolder, place, stack)
  await stack.onboard(platform)
  const refusals: Answer[] = []
  const clients = ['mia', 'greg'].map((user) =>
    makeTenantClient(
      user,
      () => platform,
      random,
      (refusal) => void refusals.push(refusal),
    ),
  )
  const close = async () => {
    await platform.stop()
    await stack.stop()
    if (given === undefined) await rm(stateFolder, { recursive: true, force: true })
  }
  return { stateFolder, stack, random, place, platform, clients, refusals, close }
}

/** Both tenants at work without pause; `end` lets each finish what it has begun. */
export function startLoad({ clients, random }: PaperWorld): { end(): Promise<void> } {
  let isOver = false
  const work = clients.map(async (client) => {
    for (let turn = 0; !isOver; turn++) {
      if (turn % 6 === 0 && turn < 18) await client.requestLease()
      else if (turn % 6 === 3 && turn < 18) await client.submitTask()
      else await client.stir()
      await after(random.whole(20, 150))
    }
  })
  // Seen at `end`; until then a failure must not end the test's process.
  const all = Promise.all(work)
  all.catch(() => {})
  return {
    end: async () => {
      isOver = true
      await all
    },
  }
}

/** Everything that was accepted is there, its answer is given again byte for byte, and it can be given back. */
export async function expectAcceptedStands({ clients }: PaperWorld): Promise<void> {
  for (const client of clients)
    for (const { kind, key, body, id, text } of client.accepted) {
      expect((await client.call('POST', `/v1/${kind}`, body, key)).text).toBe(text)
      expect((await client.call('GET', `/v1/${kind}/${id}`)).status, id).toBe(200)
      if (kind === 'leases') await client.call('DELETE', `/v1/leases/${id}`)
    }
}

/** All leases and tasks end as their tenants wanted, within `withinMs`, and nothing is left of them. */
export async function expectConverged(
  { stack, place }: PaperWorld,
  withinMs: number,
): Promise<void> {
  await waitFor(
    'the end of everything',
    () => withDatabase(stack, async (client) => (await client.query(living)).rows),
    (rows) => rows.length === 0,
    { withinMs, everyMs: 250 },
  )
  expect(place.machines.running()).toEqual([])
  expect(await place.tasks.listRuns(new AbortController().signal)).toEqual([])
  expect(place.doubles, 'machines that were made twice').toEqual([])
  await withDatabase(stack, async (client) => {
    for (const [what, query] of leftovers)
      expect((await client.query(query)).rows, what).toEqual([])
  })
}

const living = `
  SELECT id, state FROM leases WHERE state NOT IN ('released', 'failed')
  UNION ALL
  SELECT id, state FROM tasks WHERE state NOT IN ('succeeded', 'failed', 'cancelled', 'timed-out')`

const leftovers: readonly (readonly [string, string])[] = [
  [
    'ended by the outage',
    `SELECT id, state FROM leases WHERE state = 'failed'
     UNION ALL SELECT id, state FROM tasks WHERE state IN ('failed', 'timed-out')`,
  ],
  ['quota that nobody holds', 'SELECT tenant_id, resource, used FROM quotas WHERE used <> 0'],
  ['credentials of runs', 'SELECT task_id FROM run_credentials'],
  ['open usage', 'SELECT * FROM usage_intervals WHERE ended_at IS NULL'],
]
