import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunOrder } from '@leasehold/application'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { taskDriverContract } from '../../../testing/src/contracts/task-driver-contract.ts'
import type { RunApiRecorder } from '../../../testing/src/fakes/run-api-recorder.ts'
import {
  missingForMachines,
  openTaskHost,
  type TaskHost,
  tooBigShape,
} from './testing/task-host.ts'

const { signal } = new AbortController()
const runnable = describe.skipIf(missingForMachines !== null)
const missing =
  missingForMachines === null ? '' : ` (skipped: ${missingForMachines} is not installed)`
const minutes = 60_000
const aPoll = { timeout: 3 * minutes, interval: 50 }
const waiting = 'while [ ! -e go ]; do sleep 0.2; done'

let host: TaskHost
beforeAll(async () => {
  if (missingForMachines !== null) return
  host = await openTaskHost()
  // The one cold boot that all runs of this file share.
  await host.driver.prepare(host.newRun({ script: '' }).order.shape, 'debian-12' as never, signal)
}, 20 * minutes)
afterAll(() => host?.close())

const seeRun = ({ taskId, attempt }: RunOrder) => host.driver.inspectRun(taskId, attempt, signal)
const gone = (order: RunOrder) =>
  expect.poll(() => seeRun(order), aPoll).toEqual({ kind: 'absent' })
const destroy = ({ taskId, attempt }: RunOrder) => host.driver.destroyRun(taskId, attempt, signal)

async function runToEnd(script: string): Promise<RunApiRecorder> {
  const { order, run } = host.newRun({ script })
  await host.driver.startRun(order, signal)
  await run.until(() => run.finish !== null, 'the run is finished', 3 * minutes)
  await gone(order)
  expect(await host.driver.startFacts(order.taskId, 1)).toMatchObject({ start: 'snapshot' })
  await destroy(order)
  return run
}

runnable(`runs from one snapshot${missing}`, { timeout: 5 * minutes }, () => {
  const identity =
    'hostname; cat /etc/machine-id /proc/sys/kernel/random/boot_id; od -An -tx1 -N16 /dev/urandom; cat /proc/sys/kernel/random/uuid; date +%s; ls /etc/ssh/ssh_host_* 2>/dev/null; echo end'

  it('have each a machine-id, a boot id, a host name and random numbers of their own, and the right time', async () => {
    const before = Math.floor(Date.now() / 1_000)
    const runs = [await runToEnd(identity), await runToEnd(identity)]
    const after = Math.ceil(Date.now() / 1_000)

    const [one = [], two = []] = runs.map((run) => run.log().toString().trim().split('\n'))
    expect(one).toHaveLength(7)
    expect(one.slice(0, 5).filter((line) => two.includes(line))).toEqual([])
    expect(one[1]).toMatch(/^[0-9a-f]{32}$/)
    for (const seconds of [Number(one[5]), Number(two[5])]) {
      expect(seconds).toBeGreaterThanOrEqual(before)
      expect(seconds).toBeLessThanOrEqual(after)
    }
  })

  it('upload their results and end their machine by themselves', async () => {
    const run = await runToEnd('mkdir outputs/sub; echo 42 > outputs/sub/answer; exit 5')

    expect(run.outputs.get('sub/answer')?.content.toString()).toBe('42\n')
    expect(run.finish).toEqual({ exit: { code: 5, signal: null }, failure: null, detail: null })
    expect(await host.processes()).toEqual([])
    expect(await host.leftovers()).toEqual([])
  })

  it('give the script neither the credential, nor root, nor this host', async () => {
    const run = await runToEnd(
      [
        'id -u',
        'sudo -n id -u 2>/dev/null || echo no sudo',
        'su -c "id -u" </dev/null 2>/dev/null || echo no su',
        'cat /dev/virtio-ports/org.leasehold.run 2>/dev/null || echo no port',
        // The brackets keep the search from finding itself.
        'for pid in $(ls /proc | grep -E "^[0-9]+$"); do cat /proc/$pid/environ /proc/$pid/cmdline /proc/$pid/mem 2>/dev/null; done | tr "\\0" "\\n" | grep -a "run-credentia[l]-" && echo found',
        'grep -rsla "run-credentia[l]-" /run /var /tmp /home /etc /root /opt 2>/dev/null && echo found a file',
        `bash -c 'echo > /dev/tcp/10.0.2.2/${host.api.port}' 2>/dev/null && echo reached this host`,
        'touch /opt/leasehold/x 2>/dev/null && echo wrote to the agent',
        'touch outputs/mine && echo can write',
      ].join('\n'),
    )

    const lines = run.log().toString().trim().split('\n')
    expect(Number(lines[0])).toBeGreaterThan(0)
    expect(lines.slice(1)).toEqual(['no sudo', 'no su', 'no port', 'can write'])
    expect([...run.outputs.keys()]).toEqual(['mine'])
  })

  // Routes are asked for as the script's user, so that the test needs no internet.
  const routes =
    'for to in 192.0.2.1 10.0.2.2 "10.0.2.3 ipproto 17 dport 53"; do ip route get $to uid $(id -u) >/dev/null 2>&1 && echo open || echo closed; done'

  it('let the script out, but not to this host', async () => {
    expect((await runToEnd(routes)).log().toString()).toBe('open\nclosed\nopen\n')
  })

  it('let the script nowhere when the pool is closed, while the agent still reports', async () => {
    await host.reopen('closed')

    expect((await runToEnd(routes)).log().toString()).toBe('closed\nclosed\nclosed\n')

    await host.reopen()
  })

  it('hear a stop, save what they have and leave', async () => {
    const { order, run } = host.newRun({
      script: `trap 'echo saved > outputs/checkpoint; exit 9' TERM; echo up; ${waiting}`,
    })
    await host.driver.startRun(order, signal)
    await run.until(() => run.log().includes('up'), 'the script runs', 2 * minutes)
    run.askToStop()

    await run.until(() => run.finish !== null, 'the run is finished', 2 * minutes)
    await gone(order)

    expect(run.finish?.exit.code).toBe(9)
    expect(run.outputs.get('checkpoint')?.content.toString()).toBe('saved\n')
    await destroy(order)
  })

  it('end when their credential is dead', async () => {
    const { order, run } = host.newRun({ script: `echo up; ${waiting}` })
    await host.driver.startRun(order, signal)
    await run.until(() => run.log().includes('up'), 'the script runs', 2 * minutes)
    run.killCredential()

    await gone(order)

    expect(run.finish).toBeNull()
    await destroy(order)
  })

  it('leave the credential in no file and no argument on this host', async () => {
    const { order, run } = host.newRun({ script: `echo up; ${waiting}` })
    await host.driver.startRun(order, signal)
    await run.until(() => run.log().includes('up'), 'the script runs', 2 * minutes)

    const pid = await host.pidOf(order.taskId)
    const seen = [await readFile(`/proc/${pid}/cmdline`), await readFile(`/proc/${pid}/environ`)]
    const place = join(host.folder, 'r', order.taskId)
    for (const name of await readdir(place))
      if (!['agent', 'qmp', 'watch'].includes(name)) seen.push(await readFile(join(place, name)))

    expect(seen.filter((content) => content.includes(order.credential))).toEqual([])
    expect(JSON.stringify(host.lines)).not.toContain(order.credential)
    await destroy(order)
    expect(await host.processes()).toEqual([])
  })

  it('are taken over by a driver that is opened later, and seen to end', async () => {
    const { order, run } = host.newRun({ script: `echo up; ${waiting}` })
    await host.driver.startRun(order, signal)
    await run.until(() => run.log().includes('up'), 'the script runs', 2 * minutes)

    const driver = await host.reopen()
    expect(await seeRun(order)).toEqual({ kind: 'present' })
    const told = new Set<string>()
    void driver.watch((id) => told.add(id), signal)
    process.kill((await host.pidOf(order.taskId)) ?? 0, 'SIGKILL')

    await expect.poll(() => told.has(order.taskId), aPoll).toBe(true)
    await gone(order)
    await destroy(order)
    expect(await host.leftovers()).toEqual([])
  })

  it.each([
    ['while QEMU comes up', async () => (await host.processes()).length > 0],
    [
      'when its machine runs again',
      async (order: RunOrder) => (await host.driver.startFacts(order.taskId, 1)) !== null,
    ],
    [
      'when its agent has begun',
      async (_: RunOrder, run: RunApiRecorder) => run.requests.length > 0,
    ],
    ['when its script runs', async (_: RunOrder, run: RunApiRecorder) => run.log().includes('up')],
  ])('leave no process and no file when they are destroyed %s', async (_, reached) => {
    const { order, run } = host.newRun({ script: `echo up; ${waiting}` })
    await host.driver.startRun(order, signal)
    await expect.poll(() => reached(order, run), { ...aPoll, interval: 5 }).toBe(true)

    await destroy(order)

    expect(await host.processes()).toEqual([])
    expect(await host.leftovers()).toEqual([])
    expect(await seeRun(order)).toEqual({ kind: 'absent' })
  })
})

if (missingForMachines === null)
  taskDriverContract('QEMU on this host', async () => ({
    driver: host.driver,
    newOrder: () => host.newRun({ script: waiting }).order,
    newImpossibleOrder: () => ({ ...host.newRun({ script: '' }).order, shape: tooBigShape }),
    killMachine: async (id) => {
      await expect.poll(() => host.driver.startFacts(id, 1), aPoll).not.toBeNull()
      process.kill((await host.pidOf(id)) ?? 0, 'SIGKILL')
    },
    close: async () => {},
  }))
