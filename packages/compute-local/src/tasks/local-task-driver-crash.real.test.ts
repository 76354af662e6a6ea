import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunOrder } from '@leasehold/application'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { missingForMachines, openTaskHost, type TaskHost, testShape } from './testing/task-host.ts'

const { signal } = new AbortController()
const runnable = describe.skipIf(missingForMachines !== null)
const missing =
  missingForMachines === null ? '' : ` (skipped: ${missingForMachines} is not installed)`
const minutes = 60_000
const aPoll = { timeout: 10 * minutes, interval: 5 }
const waiting = 'while [ ! -e go ]; do sleep 0.2; done'

let host: TaskHost
let platform: ChildProcess | null = null
beforeAll(async () => {
  if (missingForMachines === null) host = await openTaskHost()
}, 20 * minutes)
afterEach(() => killPlatform())
afterAll(() => host?.close())

const seeRun = ({ taskId, attempt }: RunOrder) => host.driver.inspectRun(taskId, attempt, signal)

/** Another platform process over the same folder takes the order. */
function startElsewhere(order: RunOrder): void {
  const script = join(import.meta.dirname, 'testing/start-run-and-stay.ts')
  platform = spawn(process.execPath, [script], { stdio: ['pipe', 'ignore', 'inherit'] })
  const { folder, acceleration, image } = host
  platform.stdin?.end(
    JSON.stringify({ folder, acceleration, image, runApiPort: host.api.port, order }),
  )
}

async function killPlatform(): Promise<void> {
  const dying = platform
  platform = null
  if (dying === null || dying.exitCode !== null || dying.signalCode !== null) return
  const ended = once(dying, 'exit')
  dying.kill('SIGKILL')
  await ended
}

runnable(`a platform that is killed${missing}`, { timeout: 20 * minutes }, () => {
  it('while it makes a snapshot: the next one clears away the half-made one and its machine', async () => {
    const { order } = host.newRun({ script: waiting })
    startElsewhere(order)
    await expect.poll(async () => (await host.processes()).length, aPoll).toBe(1)
    await killPlatform()
    expect((await host.processes()).length).toBe(1)

    await host.reopen()

    expect(await host.processes()).toEqual([])
    expect(await seeRun(order)).toEqual({ kind: 'absent' })
    expect(await host.leftovers()).toEqual([])
  })

  it('while a machine comes up: the run is absent, nothing of it is left, and it can be started again', async () => {
    const prepared = await host.driver.prepare(testShape, 'debian-12' as never, signal)
    expect(prepared, JSON.stringify(host.lines)).toBe(true)
    const { order, run } = host.newRun({ script: 'echo done' })
    startElsewhere(order)
    await expect.poll(async () => (await host.processes()).length, aPoll).toBe(1)
    await killPlatform()

    expect(await seeRun(order)).toEqual({ kind: 'absent' })
    expect(await host.processes()).toEqual([])

    await host.driver.startRun(order, signal)
    await run.until(() => run.finish !== null, 'the run is finished', 2 * minutes)
    expect(run.requests.filter((line) => line.endsWith('/begin'))).toHaveLength(1)
    await host.driver.destroyRun(order.taskId, 1, signal)
  })

  it('while a start is under way elsewhere: the run is present, and is not started twice', async () => {
    const { order, run } = host.newRun({ script: waiting })
    startElsewhere(order)
    await expect.poll(async () => (await host.processes()).length, aPoll).toBe(1)

    expect(await seeRun(order)).toEqual({ kind: 'present' })
    await host.driver.startRun(order, signal)
    await run.until(() => run.requests.length > 0, 'the agent begins', 2 * minutes)

    expect((await host.processes()).length).toBe(1)
    await host.driver.destroyRun(order.taskId, 1, signal)
    expect(await host.processes()).toEqual([])
  })

  it('while a script runs: the run goes on and finishes', async () => {
    const { order, run } = host.newRun({ script: 'echo up; sleep 1; echo still here' })
    startElsewhere(order)
    await run.until(() => run.log().includes('up'), 'the script runs', 2 * minutes)
    await killPlatform()

    await run.until(() => run.finish !== null, 'the run is finished', 2 * minutes)

    expect(run.log().toString()).toBe('up\nstill here\n')
    await expect.poll(() => seeRun(order), aPoll).toEqual({ kind: 'absent' })
    await host.driver.destroyRun(order.taskId, 1, signal)
  })
})

runnable(`a snapshot that became unusable${missing}`, { timeout: 20 * minutes }, () => {
  it('is removed, and the run boots instead', async () => {
    await host.driver.prepare(testShape, 'debian-12' as never, signal)
    const place = join(host.folder, 's')
    const [key = ''] = await readdir(place)
    const state = await readFile(join(place, key, 'state'))
    await writeFile(join(place, key, 'state'), Buffer.from(state.map((byte) => byte ^ 0x5a)))
    const { order, run } = host.newRun({ script: 'hostname; id -un' })

    await host.driver.startRun(order, signal)
    await run.until(() => run.finish !== null, 'the run is finished', 15 * minutes)

    expect(await host.driver.startFacts(order.taskId, 1)).toMatchObject({ start: 'cold' })
    expect(run.log().toString()).toMatch(/^task-test\d+-1\ntask\n$/)
    expect(await readdir(place)).toEqual([])
    expect(host.lines.map((line) => line.message)).toContain('snapshot unusable: booting instead')
    await host.driver.destroyRun(order.taskId, 1, signal)
    expect(await host.processes()).toEqual([])
  })
})
