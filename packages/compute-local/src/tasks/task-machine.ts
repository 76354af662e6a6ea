import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskShape, MachineShape } from '@leasehold/domain'
import type { GuestImage } from '../guest/guest-image.ts'
import { kernelCommandLine } from '../guest/kernel-command-line.ts'
import { ProgramFailed, runProgram } from '../programs/run-program.ts'
import type { Acceleration, QemuDisk, QemuPlan } from '../qemu/qemu-arguments.ts'
import { QemuStartFailed } from '../qemu/start-failure.ts'

/** The files of one machine: a run's or a template's. All of it goes when the folder goes. */
export type MachineFiles = {
  readonly folder: string
  readonly pid: string
  readonly qmpSocket: string
  readonly watchSocket: string
  readonly agentSocket: string
  /** For moving the state of devices in or out; exists only meanwhile. */
  readonly stateSocket: string
  readonly console: string
  disk(index: number): string
}

export function machineFiles(folder: string): MachineFiles {
  return {
    folder,
    pid: join(folder, 'qemu.pid'),
    qmpSocket: join(folder, 'qmp'),
    watchSocket: join(folder, 'watch'),
    agentSocket: join(folder, 'agent'),
    stateSocket: join(folder, 'move'),
    console: join(folder, 'console.log'),
    disk: (index) => join(folder, `disk${index}.qcow2`),
  }
}

/** Where a machine's memory lives: in a process of its own, or in a file that others may start from. */
export type MachineMemory =
  | { readonly kind: 'private' }
  /** Written through to the file: a template's. */
  | { readonly kind: 'written-to'; readonly path: string }
  /** Read from the file, changes kept to the process: pages that nobody changes exist once on the host. */
  | { readonly kind: 'starts-from'; readonly path: string }

/** What all task machines of one pool have in common. */
export type TaskMachineSetting = {
  readonly image: GuestImage
  readonly acceleration: Acceleration
  readonly seedPath: string
  /** What the script may reach: everything outside this host, or nothing. The agent reaches the run API either way. */
  readonly network: 'outside' | 'closed'
  /** Port of the run API on this host's loopback. */
  readonly runApiPort: number
}

/**
 * What the agent is told about the network. In QEMU's user mode every address of the guest's own
 * network but the resolver's is this host's loopback, so the script's user is kept from it by a
 * routing rule inside the guest, which it cannot lift. QEMU's own `restrict=on` is no help: it shuts
 * the outside too, and `guestfwd` mixes up parallel connections (one stream for all of them).
 */
export function routesOf({
  network,
  runApiPort,
}: Pick<TaskMachineSetting, 'network' | 'runApiPort'>) {
  const url = `http://10.0.2.2:${runApiPort}`
  return network === 'outside'
    ? { url, closedNetworks: ['10.0.2.0/24'], resolver: '10.0.2.3' }
    : { url, closedNetworks: ['0.0.0.0/0'], resolver: null }
}

/** The QEMU of a task machine. `incoming` waits for the state of a frozen template instead of booting. */
export function taskMachinePlan(
  setting: TaskMachineSetting,
  shape: MachineShape,
  files: MachineFiles,
  memory: MachineMemory,
  { name, incoming }: { readonly name: string; readonly incoming: boolean },
): QemuPlan {
  const { image, acceleration } = setting
  return {
    name,
    acceleration,
    cpu: shape.cpu,
    memoryMiB: shape.memoryMiB,
    kernel:
      image.kernel === null
        ? null
        : { ...image.kernel, commandLine: kernelCommandLine(acceleration) },
    disks: shape.disks.map((disk, index) => diskOf(disk, index, files)),
    seedPath: setting.seedPath,
    forwards: [],
    network: 'outside',
    guestForwards: [],
    pidFilePath: files.pid,
    qmpSocketPath: files.qmpSocket,
    watchSocketPath: files.watchSocket,
    channelSocketPath: files.agentSocket,
    incoming: incoming ? 'defer' : null,
    furtherArguments: [
      // A new id at every start: the guest's kernel renews its random generator when it changes.
      ...['-device', 'vmgenid,guid=auto'],
      ...memoryArguments(memory, shape.memoryMiB),
    ],
    mayStartPrograms: false,
  }
}

function diskOf(disk: DiskShape, index: number, files: MachineFiles): QemuDisk {
  return {
    path: files.disk(index),
    format: 'qcow2',
    readOnly: false,
    serial: index === 0 ? 'system' : `${disk.role}${index}`,
  }
}

function memoryArguments(memory: MachineMemory, memoryMiB: number): readonly string[] {
  if (memory.kind === 'private') return []
  const share = memory.kind === 'written-to' ? 'on' : 'off'
  const path = memory.path.replaceAll(',', ',,')
  return [
    ...[
      '-object',
      `memory-backend-file,id=memory,size=${memoryMiB}M,mem-path=${path},share=${share}`,
    ],
    ...['-machine', 'memory-backend=memory'],
  ]
}

/** Makes the disks of a machine: the system disk on its base, the others empty or on theirs. Throws `QemuStartFailed`. */
export async function makeDisks(
  shape: MachineShape,
  files: MachineFiles,
  backingOf: (index: number) => { readonly path: string; readonly format: string } | null,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(files.folder, { recursive: true, mode: 0o700 })
  for (const [index, disk] of shape.disks.entries()) {
    const backing = backingOf(index)
    const base = backing === null ? [] : ['-b', backing.path, '-F', backing.format]
    const args = ['create', '-q', '-f', 'qcow2', ...base, files.disk(index), `${disk.sizeGiB}G`]
    await runProgram('qemu-img', args, { timeoutMs: 30_000, signal }).catch((error: unknown) => {
      throw explainDiskFailure(error)
    })
  }
}

function explainDiskFailure(error: unknown): unknown {
  if (!(error instanceof ProgramFailed)) return error
  if (error.why === 'missing')
    return new QemuStartFailed('qemu-missing', 'qemu-img is not installed: install qemu-utils.')
  return /No space left|quota exceeded/i.test(error.output)
    ? new QemuStartFailed('disk-full', 'The disk of this host is full.')
    : error
}
