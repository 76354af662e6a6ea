import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { FileDownload, FileObject, Task } from '@leasehold/contract'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type ApiClient, makeApiClient } from '../../scripts/client/api-client.ts'
import { signIn } from '../../scripts/client/sign-in.ts'
import { waitFor } from '../../scripts/client/wait-for.ts'
import { startPaperAgents } from './support/paper-agents.ts'
import { runApiOf } from './support/paper-platform.ts'
import {
  expectAcceptedStands,
  expectConverged,
  openPaperWorld,
  type PaperWorld,
  startLoad,
} from './support/paper-world.ts'
import { freeze } from './support/processes.ts'
import { findSecrets } from './support/secrets.ts'
import { serviceOutages } from './support/service-outages.ts'
import { beginUpload, type SlowUpload, sha256Of } from './support/slow-upload.ts'
import { badRefusals, type Seen, watchOutage } from './support/watch-outage.ts'

const outageMs = 20_000
/** What was claimed when the database went away is free again 35 s after that, and soon looked at. */
const claimsEndMs = 45_000

// One platform for all of it: it must live through one outage after the other.
describe('a platform one of whose parts is gone for 20 s', () => {
  let world: PaperWorld
  let api: ApiClient
  let runApi: string

  beforeAll(async () => {
    world = await openPaperWorld(21)
    api = makeApiClient(
      world.platform.api,
      (await signIn(world.platform.issuer, 'mia', () => {})).token,
    )
    runApi = await runApiOf(world.stateFolder)
  })
  afterAll(() => world?.close())

  /** Watches the API while a part is away; `end` brings it back when the time is over, whatever happens. */
  const during = async (
    ask: readonly string[],
    end: () => Promise<void> | void,
    lengthMs = outageMs,
  ): Promise<Seen> => {
    let isOver = false
    const ended = wait(lengthMs)
      .then(end)
      .finally(() => (isOver = true))
    const [seen] = await Promise.allSettled([watchOutage(api, ask, () => isOver), ended])
    await ended
    if (seen.status === 'rejected') throw seen.reason
    return seen.value
  }
  const readyAgain = () =>
    waitFor(
      'every part',
      () => makeApiClient(api.baseUrl, null).call('GET', '/readyz'),
      ({ status }) => status === 200,
      { withinMs: 15_000, everyMs: 200 },
    )
  const expectHonest = ({ answers, dead }: Seen) => {
    expect(dead, 'not alive').toEqual([])
    expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(0)
    expect(badRefusals(answers)).toEqual([])
    expect(badRefusals(world.refusals)).toEqual([])
    expect(isAlive(world.platform.pid), 'the platform runs').toBe(true)
  }

  it.each<{ how: string; take: () => Promise<() => Promise<void> | void> }>([
    {
      how: 'stands still',
      take: async () => freeze(await world.stack.databasePid()),
    },
    {
      how: 'is killed again and again',
      take: () => world.stack.keepKillingDatabase(),
    },
  ])('says so when PostgreSQL $how under load, and loses nothing', async ({ take }) => {
    const agents = startPaperAgents(world.place, () => runApi)
    const load = startLoad(world)
    await waitFor(
      'work to be under way',
      async () => world.clients.map(({ accepted }) => accepted.length),
      (counts) => counts.every((count) => count > 2),
      { withinMs: 20_000, everyMs: 50 },
    )

    const seen = await during(['/v1/leases?limit=1', '/v1/quota'], await take())
    await readyAgain()
    await load.end()

    expectHonest(seen)
    expect([...seen.failing].sort()).toEqual(world.stack.lostWithDatabase)
    await expectAcceptedStands(world)
    await expectConverged(world, claimsEndMs)
    await agents.stop()
  })

  it('stores uploads and outputs whole or not at all when the object store stands still', async () => {
    const submitted = await Promise.all([1, 2, 3].map(submitTask))
    const outage = Promise.withResolvers<void>()
    const agents = startPaperAgents(
      world.place,
      () => runApi,
      () => outage.promise,
    )
    for (const { id } of submitted) await taskIn(id, 'running')
    const early = await Promise.all([
      beginUpload(api, 'outage/announced.bin', randomBytes(3_000_000), true),
      beginUpload(api, 'outage/unannounced.bin', randomBytes(3_000_000), false),
    ])

    const thaw = await freeze(await world.stack.storePid())
    outage.resolve()
    const late = await beginUpload(api, 'outage/late.bin', randomBytes(200_000), true)
    const uploads = [...early, late]
    for (const upload of uploads) upload.sendRest()
    const tooEarly: string[] = []
    for (const { path, answer } of uploads)
      void answer.then(({ status }) => status === 201 && tooEarly.push(path))
    const seen = await during(['/v1/files?limit=1', '/v1/files/outage/none'], async () => {
      // Nothing can have been stored yet, so nothing may have been called stored.
      const states = await Promise.all(submitted.map(async ({ id }) => (await taskOf(id)).state))
      thaw()
      expect(tooEarly).toEqual([])
      expect(new Set(states)).toEqual(new Set(['running']))
    })
    await readyAgain()

    expectHonest(seen)
    expect([...seen.failing]).toEqual(['objectStore'])
    for (const upload of uploads) await expectWhole(upload)
    const { items } = await api.get<{ items: FileObject[] }>('/v1/files?prefix=outage/')
    expect(items.map(({ sizeBytes }) => sizeBytes).sort()).toEqual([200_000, 3_000_000, 3_000_000])
    for (const { id } of submitted) {
      await taskIn(id, 'succeeded')
      const { items: outputs } = await api.get<{ items: FileObject[] }>(`/v1/tasks/${id}/outputs`)
      expect(outputs).toHaveLength(1)
      expect(String(await download(outputs[0]?.path ?? ''))).toBe(`hello from ${id}\n`)
    }
    await agents.stop()
    await expectConverged(world, 30_000)
  })

  it('needs no queue: what waits in it may vanish at any moment', async () => {
    const agents = startPaperAgents(world.place, () => runApi)
    const load = startLoad(world)
    let removed = 0
    for (let blow = 0; blow < 8; blow++) {
      await wait(world.random.whole(0, 400))
      removed += await world.stack.emptyQueue()
    }
    await load.end()
    removed += await world.stack.emptyQueue()

    expect(removed).toBeGreaterThan(0)
    await expectAcceptedStands(world)
    await world.stack.emptyQueue()
    await expectConverged(world, claimsEndMs)
    expect(badRefusals(world.refusals)).toEqual([])
    await agents.stop()
  })

  // On one computer, the queue is in PostgreSQL and the issuer in the platform itself.
  if (inject('keycloak') !== undefined)
    serviceOutages(
      () => ({ world, api, runApi }),
      async (...outage) => {
        const seen = await during(...outage)
        await readyAgain()
        return seen
      },
    )

  it('has kept its secrets out of its log all the while', async () => {
    const log = await readFile(join(world.stateFolder, 'platform.log'), 'utf8')

    expect(log).toContain('database')
    expect(await findSecrets(world.stateFolder, world.stack, log)).toEqual([])
  })

  async function submitTask(): Promise<Task> {
    const json = { framework: 'shell', machineType: 'tiny', script: 'echo hello' }
    return await api.send<Task>('POST', '/v1/tasks', { json })
  }

  async function taskOf(id: string): Promise<Task> {
    return await api.get<Task>(`/v1/tasks/${id}`)
  }

  async function taskIn(id: string, state: Task['state']): Promise<void> {
    await waitFor(
      `${id} in ${state}`,
      () => taskOf(id),
      (task) => task.state === state,
      { withinMs: 30_000, everyMs: 100 },
    )
  }

  /** An accepted upload is there as it was sent; a refused one may be sent again. */
  async function expectWhole({ path, content, answer }: SlowUpload): Promise<void> {
    let { status, text } = await answer
    if (status === 503)
      ({ status, text } = await api.call('PUT', `/v1/files/${path}`, {
        body: content,
        headers: { 'content-type': 'application/octet-stream' },
      }))
    expect(status, text).toBe(201)
    const stored: FileObject = JSON.parse(text)
    expect(stored.sha256).toBe(sha256Of(content))
    expect(sha256Of(await download(path))).toBe(sha256Of(content))
  }

  async function download(path: string): Promise<Buffer> {
    const { downloadUrl } = await api.get<FileDownload>(`/v1/files/${path}`)
    const response = await fetch(downloadUrl, { signal: AbortSignal.timeout(30_000) })
    return Buffer.from(await response.arrayBuffer())
  }
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
