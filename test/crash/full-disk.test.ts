import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FileDownload } from '@leasehold/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  mountingRefused,
  mountSmallDisk,
  type SmallDisk,
} from '../../packages/testing/src/hosts/small-disk.ts'
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
import { sha256Of } from './support/slow-upload.ts'
import { badRefusals, watchOutage } from './support/watch-outage.ts'

const refused = mountingRefused()
const fullMs = 20_000
const roomyMiB = 8_192

// Database, object store, log and all of the platform's own files share the disk that fills up.
describe.skipIf(refused !== '')(`a platform whose disk is full for 20 s${refused}`, () => {
  let disk: SmallDisk
  let world: PaperWorld
  let api: ApiClient

  beforeAll(async () => {
    disk = await mountSmallDisk(roomyMiB)
    world = await openPaperWorld(34, disk.folder)
    const { token } = await signIn(world.platform.issuer, 'mia', () => {})
    api = makeApiClient(world.platform.api, token)
  })
  afterAll(async () => {
    await world?.close()
    await disk?.[Symbol.asyncDispose]()
  })

  const put = (path: string, content: Buffer) =>
    api.call('PUT', `/v1/files/${path}`, {
      body: content,
      headers: { 'content-type': 'application/octet-stream' },
    })

  it('refuses what it cannot store, keeps what it accepted, and goes on when there is room', async () => {
    const runApi = await runApiOf(world.stateFolder)
    const agents = startPaperAgents(world.place, () => runApi)
    const load = startLoad(world)
    await waitFor(
      'work to be under way',
      async () => world.clients.map(({ accepted }) => accepted.length),
      (counts) => counts.every((count) => count > 2),
      { withinMs: 20_000, everyMs: 50 },
    )
    const content = randomBytes(8_000_000)

    await disk.leave(0)
    const late = await put('full/late.bin', content)
    let isOver = false
    const watched = watchOutage(api, ['/v1/leases?limit=1', '/v1/quota'], () => isOver)
    await wait(fullMs)
    isOver = true
    const seen = await watched
    await disk.makeRoom()
    await waitFor(
      'every part',
      () => makeApiClient(api.baseUrl, null).call('GET', '/readyz'),
      ({ status }) => status === 200,
      { withinMs: 120_000, everyMs: 200 },
    )
    await load.end()

    expect(late.status, late.text).toBeGreaterThanOrEqual(500)
    expect(badRefusals([late, ...seen.answers, ...world.refusals])).toEqual([])
    expect(world.refusals.length).toBeGreaterThan(0)
    expect(seen.dead, 'not alive').toEqual([])
    await expectAcceptedStands(world)
    await waitFor(
      'room for the upload',
      () => put('full/again.bin', content),
      ({ status }) => status === 201,
      { withinMs: 180_000, everyMs: 1_000 },
    )
    const { downloadUrl } = await api.get<FileDownload>('/v1/files/full/again.bin')
    const response = await fetch(downloadUrl, { signal: AbortSignal.timeout(30_000) })
    expect(sha256Of(Buffer.from(await response.arrayBuffer()))).toBe(sha256Of(content))
    await expectConverged(world, 60_000)
    await agents.stop()
  })
})
