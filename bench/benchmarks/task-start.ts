import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ensureGuestImage } from '@leasehold/compute-local'
import type { ImageName, MachineShape, TaskId, TenantId } from '@leasehold/domain'
import { probeAcceleration } from '../../packages/compute-local/src/qemu/probe-acceleration.ts'
import {
  type LocalTaskDriver,
  openLocalTaskDriver,
} from '../../packages/compute-local/src/tasks/local-task-driver.ts'
import {
  type RunApiStandIn,
  startRunApi,
} from '../../packages/testing/src/fakes/run-api-recorder.ts'
import type { Benchmark, Tell } from '../support/benchmark.ts'
import { median } from '../support/statistics.ts'

const rounds = 3
const snapshotsPerRound = 2
const runLimitMs = 600_000
const imageName = 'debian-12' as ImageName
const quiet = { info() {}, warn() {}, error() {} }
const { signal } = new AbortController()
const tiny: MachineShape = {
  cpu: { sockets: 1, cores: 1, threads: 1, model: 'host-model' },
  memoryMiB: 1_024,
  disks: [{ role: 'system', sizeGiB: 4 }],
  gpus: [],
}

export const taskStart: Benchmark = {
  name: 'task-start',
  title: 'start of a task machine from a snapshot : its cold boot',
  unit: '×',
  goal: 0.2,
  better: 'lower',
  how: [
    `Until the agent in the machine has its order, as the driver itself reports it (\`startFacts\`), ${rounds} interleaved rounds of one cold boot and ${snapshotsPerRound} starts from the snapshot; the median of the ratios.`,
    'Real: QEMU, the guest image, the task driver and the agent, which then runs a script. Fake: the run API that it talks to.',
    'The snapshot is made before; how long that took is shown.',
    'The naive version is the cold boot itself.',
  ],
  run: async (tell) => {
    const folder = await mkdtemp(join(tmpdir(), 'leasehold-bench-'))
    const api = await startRunApi()
    const drivers: LocalTaskDriver[] = []
    try {
      const acceleration = await probeAcceleration(folder, quiet)
      const image = await cachedImage()
      const open = async (name: string, snapshotsKept: number) => {
        const driver = await openLocalTaskDriver({
          ...{ folder: join(folder, name), acceleration, snapshotsKept, log: quiet },
          findImage: () => image,
          refusal: () => null,
          runApiPort: api.port,
        })
        drivers.push(driver)
        return driver
      }
      tell(`machines run with ${acceleration}`)
      return await compare(await open('c', 0), await open('s', 1), api, tell)
    } finally {
      for (const driver of drivers) await driver.close()
      await api.close()
      await rm(folder, { recursive: true, force: true })
    }
  },
}

function cachedImage() {
  const cache = process.env.LEASEHOLD_CACHE ?? resolve(import.meta.dirname, '../../.leasehold')
  return ensureGuestImage({
    folder: join(cache, 'images'),
    log: quiet,
    signal: AbortSignal.timeout(1_800_000),
  })
}

async function compare(
  cold: LocalTaskDriver,
  warm: LocalTaskDriver,
  api: RunApiStandIn,
  tell: Tell,
) {
  const startedAt = performance.now()
  if (!(await warm.prepare(tiny, imageName, signal)))
    throw new Error('The driver could not make a snapshot.')
  const templateSeconds = (performance.now() - startedAt) / 1_000
  tell(`the snapshot took ${templateSeconds.toFixed(1)} s`)
  const boots: RunTimes[] = []
  const thaws: RunTimes[] = []
  const runs: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const boot = await timeRun(cold, api, 'cold')
    const some: RunTimes[] = []
    for (let n = 0; n < snapshotsPerRound; n++) some.push(await timeRun(warm, api, 'snapshot'))
    boots.push(boot)
    thaws.push(...some)
    runs.push(median(some.map(startSeconds)) / boot.startSeconds)
    const words = some.map(({ startSeconds: seconds }) => `${seconds.toFixed(2)} s`).join(', ')
    tell(`round ${round} of ${rounds}: cold ${boot.startSeconds.toFixed(1)} s, snapshot ${words}`)
  }
  const seconds = (name: string, value: number) => ({ name, value, unit: 's' })
  return {
    value: median(runs),
    runs,
    also: [
      seconds('start from a snapshot', median(thaws.map(startSeconds))),
      seconds('cold boot', median(boots.map(startSeconds))),
      seconds('until the script has ended, from a snapshot', median(thaws.map(endSeconds))),
      seconds('until the script has ended, after a cold boot', median(boots.map(endSeconds))),
      seconds('making the snapshot, once for each machine shape', templateSeconds),
    ],
    naive: [],
  }
}

type RunTimes = { readonly startSeconds: number; readonly endSeconds: number }
const startSeconds = (times: RunTimes) => times.startSeconds
const endSeconds = (times: RunTimes) => times.endSeconds

let count = 0

/** One run of a script that says a word, from the order to the agent's report that it has ended. */
async function timeRun(
  driver: LocalTaskDriver,
  api: RunApiStandIn,
  expected: 'cold' | 'snapshot',
): Promise<RunTimes> {
  const run = api.expectRun({ script: 'echo hello' })
  const taskId = `tsk_bench${++count}` as TaskId
  const startedAt = performance.now()
  await driver.startRun(
    {
      ...{ taskId, tenantId: 'ten_bench' as TenantId, attempt: 1, shape: tiny, image: imageName },
      credential: run.credential,
    },
    signal,
  )
  await run.until(() => run.finish !== null, 'the run is finished', runLimitMs)
  const endedAt = performance.now()
  const facts = await factsOf(driver, taskId)
  await driver.destroyRun(taskId, 1, signal)
  if (facts.start !== expected || run.log().toString() !== 'hello\n')
    throw new Error(`A run that should start ${expected} started ${facts.start}.`)
  return { startSeconds: facts.tookMs / 1_000, endSeconds: (endedAt - startedAt) / 1_000 }
}

/** They are written when the agent has its order, which may be a moment after the agent got to work. */
async function factsOf(driver: LocalTaskDriver, taskId: TaskId) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const facts = await driver.startFacts(taskId, 1)
    if (facts !== null) return facts
    await delay(50)
  }
  throw new Error('The driver did not say how the run started.')
}
