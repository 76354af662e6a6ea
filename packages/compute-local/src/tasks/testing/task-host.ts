import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { Log, RunOrder } from '@leasehold/application'
import type { ImageName, MachineShape, TaskId, TenantId } from '@leasehold/domain'
import {
  type RunApiPlan,
  type RunApiRecorder,
  type RunApiStandIn,
  startRunApi,
} from '../../../../testing/src/fakes/run-api-recorder.ts'
import { ensureGuestImage } from '../../guest/base-image.ts'
import type { GuestImage } from '../../guest/guest-image.ts'
import { probeAcceleration } from '../../qemu/probe-acceleration.ts'
import type { Acceleration } from '../../qemu/qemu-arguments.ts'
import { findQemu } from '../../qemu/qemu-process.ts'
import { type LocalTaskDriver, openLocalTaskDriver } from '../local-task-driver.ts'
import { machineFiles } from '../task-machine.ts'

/** Why real machines cannot run here, for a test's title; null when they can. */
export const missingForMachines: string | null =
  ['qemu-system-x86_64', 'qemu-img'].find(
    (name) => spawnSync(name, ['--version']).error !== undefined,
  ) ?? null

export const testShape: MachineShape = {
  cpu: { sockets: 1, cores: 1, threads: 1, model: 'host-model' },
  memoryMiB: 1_024,
  disks: [{ role: 'system', sizeGiB: 4 }],
  gpus: [],
}
export const tooBigShape: MachineShape = { ...testShape, memoryMiB: 10_000_000 }

export type LoggedLine = {
  readonly level: string
  readonly message: string
  readonly fields: object
}

/** A folder with real task machines, a run API for them, and ways to look behind the driver's back. */
export type TaskHost = {
  readonly folder: string
  readonly api: RunApiStandIn
  readonly lines: readonly LoggedLine[]
  readonly image: GuestImage
  readonly acceleration: Acceleration
  readonly driver: LocalTaskDriver
  /** Closes the driver and opens another over the same folder. */
  reopen(network?: 'outside' | 'closed'): Promise<LocalTaskDriver>
  newRun(plan: RunApiPlan): { readonly order: RunOrder; readonly run: RunApiRecorder }
  /** Ids of all QEMU processes that name this host's folder. */
  processes(): Promise<readonly number[]>
  pidOf(id: TaskId): Promise<number | null>
  /** Files of runs, and unfinished snapshots. */
  leftovers(): Promise<readonly string[]>
  close(): Promise<void>
}

export async function openTaskHost(snapshotsKept = 2): Promise<TaskHost> {
  const folder = await mkdtemp(join(tmpdir(), 'leasehold-tasks-'))
  const lines: LoggedLine[] = []
  const log = recordingLog(lines)
  const image = await testImage(log)
  const acceleration = await probeAcceleration(folder, log)
  const api = await startRunApi()
  const open = (network: 'outside' | 'closed' = 'outside') =>
    openLocalTaskDriver({
      ...{ folder, acceleration, network, runApiPort: api.port, snapshotsKept, log },
      findImage: (name) => (name === 'debian-12' ? image : null),
      refusal: (shape) =>
        shape.memoryMiB > 1_000_000 ? 'This host has not so much memory.' : null,
    })
  let driver = await open()
  let count = 0
  const host: TaskHost = {
    folder,
    api,
    lines,
    image,
    acceleration,
    get driver() {
      return driver
    },
    reopen: async (network) => {
      await driver.close()
      driver = await open(network)
      return driver
    },
    newRun: (plan) => {
      const run = api.expectRun(plan)
      const taskId = `tsk_test${++count}` as TaskId
      const tenantId = 'ten_acme' as TenantId
      const name = 'debian-12' as ImageName
      const { credential } = run
      return {
        run,
        order: { taskId, tenantId, attempt: 1, shape: testShape, image: name, credential },
      }
    },
    processes: () => qemuProcessesNaming(folder),
    pidOf: async (id) => (await findQemu(machineFiles(join(folder, 'r', id)).pid))?.pid ?? null,
    leftovers: async () => {
      const unfinished = (await readdir(join(folder, 's')).catch(() => [])).filter((name) =>
        name.endsWith('.new'),
      )
      return [...(await readdir(join(folder, 'r'))), ...unfinished]
    },
    close: async () => {
      await driver.close()
      await api.close()
      for (const pid of await qemuProcessesNaming(folder)) process.kill(pid, 'SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
  return host
}

/** The image that the demo uses too, built when it is missing. */
export function testImage(log: Log): Promise<GuestImage> {
  const folder = resolve(import.meta.dirname, '../../../../../.leasehold/images')
  return ensureGuestImage({ folder, log, signal: AbortSignal.timeout(900_000) })
}

async function qemuProcessesNaming(folder: string): Promise<readonly number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0')
    const isQemu = basename(words[0] ?? '').startsWith('qemu-system')
    if (isQemu && words.some((word) => word.includes(`${folder}/`))) found.push(Number(name))
  }
  return found
}

function recordingLog(lines: LoggedLine[]): Log {
  const at = (level: string) => (fields: { err?: unknown }, message: string) => {
    const told = 'err' in fields ? { ...fields, err: String(fields.err) } : fields
    lines.push({ level, message, fields: told })
  }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}
