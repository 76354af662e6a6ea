import { consoleTail } from './console-log.ts'

export type StartFailureCode =
  | 'qemu-missing'
  | 'port-taken'
  | 'image-broken'
  | 'image-busy'
  | 'disk-full'
  | 'memory-full'
  | 'qemu-failed'

/** A machine could not be started now. Nothing of the attempt is left; asking again later may work. */
export class QemuStartFailed extends Error {
  readonly code: StartFailureCode
  constructor(code: StartFailureCode, message: string) {
    super(message)
    this.name = 'QemuStartFailed'
    this.code = code
  }
}

const signs: readonly (readonly [RegExp, StartFailureCode, string])[] = [
  [
    /qemu-system-\S+.{0,4}: (not found|No such file)/i,
    'qemu-missing',
    'QEMU is not installed: install the package qemu-system-x86.',
  ],
  [
    /could not set up host forwarding|Address already in use/i,
    'port-taken',
    'A port was taken by someone else meanwhile.',
  ],
  [/Failed to get ".*" lock/i, 'image-busy', 'The disk is in use by another process.'],
  [/No space left on device|Disk quota exceeded/i, 'disk-full', 'The disk of this host is full.'],
  [/Cannot allocate memory/i, 'memory-full', 'This host has not enough free memory.'],
  [
    /not in qcow2 format|Could not open .*(disk|qcow2|raw|img)|^qemu: .*kernel|Error loading .*kernel|Image is corrupt|error reading initrd/im,
    'image-broken',
    'The image is broken or missing: build it again.',
  ],
]

/** Reads from what QEMU printed why it did not start. Pure; `fallback` when nothing is known. */
export function readStartFailure(output: string, fallback: string): QemuStartFailed {
  const sign = signs.find(([pattern]) => pattern.test(output))
  const lastLine = output.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  if (sign === undefined)
    return new QemuStartFailed('qemu-failed', `QEMU did not start: ${lastLine || fallback}`)
  return new QemuStartFailed(sign[1], `${sign[2]} (${lastLine})`)
}

export async function startFailureFrom(
  consolePath: string,
  fallback: string,
): Promise<QemuStartFailed> {
  return readStartFailure(await consoleTail(consolePath, 4_096), fallback)
}
