import { createHash, randomBytes } from 'node:crypto'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log, RunOrder, RunStart } from '@leasehold/application'
import type { MachineShape } from '@leasehold/domain'
import { runProgram } from '../programs/run-program.ts'
import { qemuArguments } from '../qemu/qemu-arguments.ts'
import { findQemu, killQemu, qemuProgram, searchQemu, startQemu } from '../qemu/qemu-process.ts'
import { QemuStartFailed } from '../qemu/start-failure.ts'
import { AgentRefused, startAgent, waitForAgent } from './agent-channel.ts'
import { freezeMachine, thawMachine } from './snapshot.ts'
import type { Snapshot, SnapshotLibrary } from './snapshot-library.ts'
import {
  type MachineFiles,
  type MachineMemory,
  machineFiles,
  makeDisks,
  routesOf,
  type TaskMachineSetting,
  taskMachinePlan,
} from './task-machine.ts'
import { taskSeedVersion } from './task-seed.ts'

/** How long a machine may take until its agent answers: emulation on a busy host is slow. */
const bootTimeoutMs = 600_000
const thawTimeoutMs = 120_000

export type BringUp = {
  readonly setting: TaskMachineSetting
  readonly agentHash: string
  /** Null: every run boots. */
  readonly library: SnapshotLibrary | null
  readonly log: Log
}

/**
 * Makes the machine of a run and tells its agent to start, from a snapshot where that works. The
 * first run of a shape makes the snapshot instead of booting by itself, so that a burst of runs
 * boots once. Nothing is left running when it throws.
 */
export async function bringUpRun(
  bringUp: BringUp,
  order: RunOrder,
  files: MachineFiles,
  signal: AbortSignal,
): Promise<RunStart> {
  const { setting, library, log } = bringUp
  const snapshot = await obtainSnapshot(bringUp, order.shape, signal)
  if (snapshot !== null) {
    if (await tryThaw(setting, snapshot, order, files, signal, log)) return 'snapshot'
    await library?.discard(snapshot.key)
  }
  await orLeaveNothing(files, async () => {
    const { shape } = order
    await makeDisks(shape, files, (index) => baseOf(setting, index), signal)
    await startMachine(setting, shape, files, { kind: 'private' }, nameOf(order), false, signal)
    await tellAgent(setting, order, files, bootTimeoutMs, signal)
  })
  return 'cold'
}

/** The snapshot for machines of this shape, made first when there is none; null when there can be none. */
export async function obtainSnapshot(
  { setting, agentHash, library }: BringUp,
  shape: MachineShape,
  signal: AbortSignal,
): Promise<Snapshot | null> {
  if (library === null) return null
  const key = await snapshotKey(setting, shape, agentHash, signal)
  if (key === null) return null
  return library.obtain(key, (folder, ends) => makeTemplate(setting, shape, folder, ends), signal)
}

/** False when the snapshot is to blame; what has another cause is thrown. */
async function tryThaw(
  setting: TaskMachineSetting,
  snapshot: Snapshot,
  order: RunOrder,
  files: MachineFiles,
  signal: AbortSignal,
  log: Log,
): Promise<boolean> {
  try {
    await orLeaveNothing(files, async () => {
      const { shape } = order
      const frozen = (index: number) => ({ path: snapshot.diskPath(index), format: 'qcow2' })
      await makeDisks(shape, files, frozen, signal)
      const memory = { kind: 'starts-from', path: snapshot.memoryPath } as const
      await startMachine(setting, shape, files, memory, nameOf(order), true, signal)
      await thawMachine({ ...files, statePath: snapshot.statePath, signal })
      await tellAgent(setting, order, files, thawTimeoutMs, signal)
    })
    return true
  } catch (error) {
    signal.throwIfAborted()
    const isOfHost = error instanceof QemuStartFailed && hostTroubles.includes(error.code)
    if (isOfHost || error instanceof AgentRefused) throw error
    log.warn({ snapshot: snapshot.key, err: error }, 'snapshot unusable: booting instead')
    return false
  }
}

const hostTroubles: readonly QemuStartFailed['code'][] = [
  'qemu-missing',
  'disk-full',
  'memory-full',
]

/** Boots a machine until its agent waits for a start line, and freezes it. It never sees anything of a tenant. */
async function makeTemplate(
  setting: TaskMachineSetting,
  shape: MachineShape,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const files = machineFiles(folder)
  const memory = { kind: 'written-to', path: join(folder, 'memory') } as const
  await makeDisks(shape, files, (index) => baseOf(setting, index), signal)
  try {
    await startMachine(setting, shape, files, memory, 'template', false, signal)
    await waitForAgent(files.agentSocket, { signal, timeoutMs: bootTimeoutMs })
    await freezeMachine({ ...files, statePath: join(folder, 'state'), signal })
  } finally {
    await endMachine(files)
  }
  for (const index of shape.disks.keys()) await chmod(files.disk(index), 0o400)
}

async function startMachine(
  setting: TaskMachineSetting,
  shape: MachineShape,
  files: MachineFiles,
  memory: MachineMemory,
  name: string,
  incoming: boolean,
  signal: AbortSignal,
): Promise<void> {
  const plan = taskMachinePlan(setting, shape, files, memory, { name, incoming })
  await startQemu(plan, files.console, { signal })
}

function tellAgent(
  setting: TaskMachineSetting,
  order: RunOrder,
  files: MachineFiles,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const makeLine = () => ({
    ...routesOf(setting),
    credential: order.credential,
    hostName: nameOf(order),
    entropy: randomBytes(64).toString('base64'),
    now: Date.now(),
  })
  return startAgent(files.agentSocket, makeLine, { signal, timeoutMs })
}

/** Shown in the process list and used as the guest's host name: no more than 63 of `a-z0-9-`. */
function nameOf({ taskId, attempt }: RunOrder): string {
  const plain = taskId.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return `task-${plain.replace(/^tsk-/, '').slice(0, 40).replace(/-+$/, '')}-${attempt}`
}

function baseOf({ image }: TaskMachineSetting, index: number) {
  return index === 0 ? { path: image.diskPath, format: image.diskFormat } : null
}

async function orLeaveNothing(files: MachineFiles, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    await endMachine(files)
    throw error
  }
}

/** Ends the machine whose files these are, if it lives; nothing of it is needed any more. Returns when it is gone. */
export async function endMachine(files: Pick<MachineFiles, 'pid'>): Promise<void> {
  const living = (await findQemu(files.pid)) ?? (await searchQemu(files.pid))
  if (living !== null) await killQemu(living, files.pid, { graceMs: 0 })
}

/**
 * Names everything a frozen machine depends on. Null when QEMU cannot be asked for its version: it
 * is missing then, and the start itself will say so.
 */
async function snapshotKey(
  setting: TaskMachineSetting,
  shape: MachineShape,
  agentHash: string,
  signal: AbortSignal,
): Promise<string | null> {
  const asked = runProgram(qemuProgram, ['--version'], { timeoutMs: 10_000, signal })
  const qemu = await asked.catch(() => null)
  signal.throwIfAborted()
  if (qemu === null) return null
  const { image, acceleration } = setting
  const processor = acceleration === 'kvm' ? await processorFlags() : 'emulated'
  const sizes = shape.disks.map((disk) => disk.sizeGiB)
  const naming = { name: 'template', incoming: false }
  const plan = taskMachinePlan(setting, shape, machineFiles('/'), { kind: 'private' }, naming)
  const parts = [image.id, sizes, qemu, processor, agentHash, taskSeedVersion, qemuArguments(plan)]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20)
}

/** With KVM a guest sees this host's processor; state frozen on another one does not fit. */
async function processorFlags(): Promise<string> {
  const text = await readFile('/proc/cpuinfo', 'utf8')
  return (
    text
      .split('\n\n')[0]
      ?.split('\n')
      .filter((line) => /^(model name|stepping|microcode|flags)\b/.test(line))
      .join('\n') ?? ''
  )
}
