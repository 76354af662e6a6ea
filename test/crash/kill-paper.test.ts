import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { canMoveLease, canMoveTask, type LeaseState, type TaskState } from '@leasehold/domain'
import { afterEach, describe, expect, it } from 'vitest'
import { waitFor } from '../../scripts/client/wait-for.ts'
import { makeRandom, type Random } from '../simulation/random.ts'
import { withDatabase } from './support/database.ts'
import { openStack } from './support/open-stack.ts'
import { startPaperAgents } from './support/paper-agents.ts'
import { makePaperPlace, type PaperPlace } from './support/paper-place.ts'
import { type PaperPlatform, runApiOf, startPaperPlatform } from './support/paper-platform.ts'
import { findSecrets } from './support/secrets.ts'
import type { Stack } from './support/stack.ts'
import { makeTenantClient, type TenantClient } from './support/tenant-client.ts'

const endings: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** What a crash test does to the platform while clients are at work. */
type Blow = (world: World) => Promise<void>
type World = {
  readonly stateFolder: string
  readonly stack: Stack
  readonly random: Random
  readonly place: PaperPlace
  platform: PaperPlatform
}

const killPlatform: Blow = async (world) => {
  await world.platform.kill()
  world.platform = await startPaperPlatform(world.stateFolder, world.place, world.stack)
}
const killPlatformAndDatabase: Blow = async (world) => {
  const pid = await world.stack.databasePid()
  await world.platform.kill()
  process.kill(pid, 'SIGKILL')
  await world.stack.reviveDatabase()
  world.platform = await startPaperPlatform(world.stateFolder, world.place, world.stack)
}
const loseQueue: Blow = async ({ stack }) => void (await stack.emptyQueue())

describe('a burst of leases and tasks from two tenants', () => {
  it.each([
    { seed: 11, blows: [killPlatform, killPlatform, loseQueue, killPlatform] },
    { seed: 12, blows: [loseQueue, killPlatformAndDatabase, killPlatform, loseQueue] },
  ])('loses nothing and doubles nothing under kill -9, seed $seed', async ({ seed, blows }) => {
    const world = await openWorld(seed)
    const clients = ['mia', 'greg'].map((user) =>
      makeTenantClient(user, () => world.platform, world.random),
    )

    await makeMachines(world, clients)
    await burstUnder(world, clients, blows)

    await expectReplays(clients)
    await giveBack(clients)
    await expectConverged(world)
    expect(world.place.doubles, `seed ${seed}: machines made twice`).toEqual([])
    await world.platform.stop()
    const log = await readFile(join(world.stateFolder, 'platform.log'), 'utf8')
    expect(await findSecrets(world.stateFolder, world.stack, log)).toEqual([])
  })
})

async function openWorld(seed: number): Promise<World> {
  const random = makeRandom(seed)
  const stateFolder = await mkdtemp(join(tmpdir(), 'crash-'))
  endings.push(() => rm(stateFolder, { recursive: true, force: true }))
  const stack = await openStack(stateFolder)
  endings.push(() => stack.stop())
  const place = makePaperPlace(random)
  const platform = await startPaperPlatform(stateFolder, place, stack)
  await stack.onboard(platform)
  const world: World = { stateFolder, stack, random, place, platform }
  endings.push(() => world.platform.stop())
  const runApi = await runApiOf(stateFolder)
  const agents = startPaperAgents(place, () => runApi)
  endings.push(() => agents.stop())
  return world
}

/** Two machines for each client, so that every blow falls on some, however slow the computer is. */
async function makeMachines(world: World, clients: readonly TenantClient[]): Promise<void> {
  for (const client of [...clients, ...clients]) await client.requestLease()
  await waitFor(
    'machines to be made',
    async () => world.place.madeCount(),
    (count) => count >= 2 * clients.length,
    { withinMs: 60_000, everyMs: 50 },
  )
}

/** Clients work without pause while one blow after the other falls at moments of chance. */
async function burstUnder(
  world: World,
  clients: readonly TenantClient[],
  blows: readonly Blow[],
): Promise<void> {
  const { random } = world
  const work = clients.map(async (client) => {
    for (let turn = 0; turn < 40; turn++) {
      if (turn % 8 === 0 && turn < 32) await client.requestLease()
      else if (turn % 8 === 4) await client.submitTask()
      else await client.stir()
      await after(random.whole(0, 120))
    }
  })
  const storm = (async () => {
    for (const blow of blows) {
      await after(random.whole(200, 2_500))
      await blow(world)
    }
  })()
  await Promise.all([...work, storm])
}

/** The same key and body give the first answer again, byte for byte, after all that happened. */
async function expectReplays(clients: readonly TenantClient[]): Promise<void> {
  for (const client of clients)
    for (const { kind, key, body, text } of client.accepted) {
      const again = await client.call('POST', `/v1/${kind}`, body, key)
      expect(again.text).toBe(text)
    }
}

async function giveBack(clients: readonly TenantClient[]): Promise<void> {
  for (const client of clients)
    for (const { kind, id } of client.accepted) {
      const seen = await client.call('GET', `/v1/${kind}/${id}`)
      expect(seen.status, `${kind} ${id} was accepted and must exist`).toBe(200)
      if (kind === 'leases') await client.call('DELETE', `/v1/leases/${id}`)
    }
}

async function expectConverged(world: World): Promise<void> {
  const { stack, place } = world
  const left = () =>
    withDatabase(stack, async (client) => {
      const { rows } = await client.query(
        `SELECT id, state FROM leases WHERE state NOT IN ('released', 'failed')
         UNION ALL SELECT id, state FROM tasks
         WHERE state NOT IN ('succeeded', 'failed', 'cancelled', 'timed-out')`,
      )
      return rows
    })
  await waitFor('everything has ended', left, (rows) => rows.length === 0, { withinMs: 90_000 })
  expect(place.machines.running()).toEqual([])
  expect(await place.machines.listMachines(new AbortController().signal)).toEqual([])
  expect(await place.tasks.listRuns(new AbortController().signal)).toEqual([])
  await withDatabase(stack, async (client) => {
    const used = await client.query('SELECT tenant_id, resource, used FROM quotas WHERE used <> 0')
    expect(used.rows).toEqual([])
    const credentials = await client.query('SELECT task_id FROM run_credentials')
    expect(credentials.rows).toEqual([])
    const open = await client.query('SELECT * FROM usage_intervals WHERE ended_at IS NULL')
    expect(open.rows).toEqual([])
    await expectAllowedMoves(client)
  })
}

type Moves = { readonly id: string; readonly states: readonly string[] }

async function expectAllowedMoves(client: {
  query(text: string): Promise<{ readonly rows: Moves[] }>
}): Promise<void> {
  const history = (table: string, id: string) =>
    `SELECT ${id} AS id, array_agg(state ORDER BY seq) AS states FROM ${table} GROUP BY ${id}`
  const leases = await client.query(history('lease_events', 'lease_id'))
  const tasks = await client.query(history('task_events', 'task_id'))
  for (const { id, states } of leases.rows)
    for (const [from, to] of pairs(states))
      expect(
        from === to || canMoveLease(from as LeaseState, to as LeaseState),
        `${id}: ${states.join(' → ')}`,
      ).toBe(true)
  for (const { id, states } of tasks.rows)
    for (const [from, to] of pairs(states))
      expect(
        from === to || canMoveTask(from as TaskState, to as TaskState),
        `${id}: ${states.join(' → ')}`,
      ).toBe(true)
}

function pairs(states: readonly string[]): [string, string][] {
  return states.slice(1).map((to, index) => [states[index] ?? '', to])
}
