import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from '../programs/run-program.ts'
import { ImageUnavailable } from './image-unavailable.ts'
import { kernelCommandLine } from './kernel-command-line.ts'

/** Where the parts of GRUB lie in an image. */
const loaderFiles = { boot: '/boot/loader/boot.img', core: '/boot/loader/core.img' } as const
/** Debian's packages that make them; they are not needed after that. */
export const loaderPackages = ['grub-pc-bin', 'grub-common'] as const
const modules = ['biosdisk', 'ext2', 'linux', 'serial', 'terminal']

const sectorBytes = 512
const blockBytes = 4_096
const sectorsPerBlock = blockBytes / sectorBytes
/** grub-core/boot/i386/pc: `GRUB_BOOT_MACHINE_KERNEL_SECTOR`, `_PART_START` and `_SIGNATURE`. */
const kernelSectorAt = 0x5c
const codeBytes = 0x1b8
const signatureAt = 0x1fe
/** `firstlist` in diskboot.S: 12 bytes for each run of sectors, the first one last. */
const firstRunAt = 0x1f4
const runBytes = 12
const maxRuns = 12
/** `GRUB_BOOT_MACHINE_KERNEL_SEG` and what one sector adds to it. */
const kernelSegment = 0x820
const segmentsPerSector = sectorBytes / 16

/** Sectors that follow each other on the disk. */
export type SectorRun = { readonly start: number; readonly sectors: number }

/**
 * For mmdebstrap's hooks: makes the loader of the image below `$1` with the image's own packages, and
 * takes those away. It starts `/vmlinuz`, which Debian keeps at the newest kernel, and asks nothing. Pure.
 */
export function makeLoaderScript(): string {
  // Without a display of its own a machine shows what goes wrong on its serial console.
  const config = [
    'serial --unit=0 --speed=115200',
    'terminal_output serial',
    'set root=(hd0)',
    `linux /vmlinuz ${kernelCommandLine('kvm')}`,
    'initrd /initrd.img',
    'boot',
    '',
  ].join('\n')
  const base64 = Buffer.from(config, 'utf8').toString('base64')
  const configPath = '/boot/loader/loader.cfg'
  return [
    'mkdir -p "$1/boot/loader"',
    `printf %s '${base64}' | base64 -d > "$1${configPath}"`,
    `chroot "$1" grub-mkimage -O i386-pc -p '(hd0)/boot/grub' -c ${configPath} -o ${loaderFiles.core} ${modules.join(' ')}`,
    `cp "$1/usr/lib/grub/i386-pc/boot.img" "$1${loaderFiles.boot}"`,
    `chroot "$1" dpkg --purge ${loaderPackages.join(' ')}`,
  ].join('\n')
}

/**
 * Makes a disk whose whole is one ext4 file system (blocks of 4 KiB) start by itself on a BIOS: GRUB's
 * boot sector goes into the kibibyte that ext4 leaves free, and learns where its second part lies as a
 * file of the file system. No partition table, so that the file system grows with its disk.
 * `root` is the folder the file system was made of. Throws `ImageUnavailable`.
 */
export async function writeBootSector(
  disk: string,
  root: string,
  signal: AbortSignal,
): Promise<void> {
  const [boot, core] = await Promise.all(
    [loaderFiles.boot, loaderFiles.core].map((path) => readFile(join(root, path))),
  )
  if (boot?.length !== sectorBytes || core === undefined)
    throw new ImageUnavailable('build-failed', 'The boot loader in the image is of another kind.')
  const output = await runProgram('debugfs', ['-R', `blocks ${loaderFiles.core}`, disk], {
    timeoutMs: 30_000,
    signal,
  })
  const runs = sectorRuns(blocksFrom(output), Math.ceil(core.length / sectorBytes))
  const [first] = runs
  if (first === undefined) throw new Error('The boot loader has no blocks.')
  await using file = await open(disk, 'r+')
  await file.write(bootSector(boot, first.start), 0, sectorBytes, 0)
  const second = firstCoreSector(core.subarray(0, sectorBytes), runs)
  await file.write(second, 0, sectorBytes, first.start * sectorBytes)
  await file.sync()
}

/** The numbers that debugfs prints beside its greeting. Pure. */
export function blocksFrom(output: string): readonly number[] {
  const line = output.split('\n').find((text) => /^\d+( \d+)*\s*$/.test(text))
  if (line === undefined)
    throw new ImageUnavailable('build-failed', 'The boot loader was not found in the new disk.')
  return line.trim().split(' ').map(Number)
}

/** The first `sectors` sectors of a file with these blocks. Pure. */
export function sectorRuns(blocks: readonly number[], sectors: number): readonly SectorRun[] {
  const runs: SectorRun[] = []
  let left = sectors
  for (const block of blocks) {
    const take = Math.min(left, sectorsPerBlock)
    const start = block * sectorsPerBlock
    const last = runs.at(-1)
    if (take === 0) break
    if (last !== undefined && last.start + last.sectors === start)
      runs[runs.length - 1] = { start: last.start, sectors: last.sectors + take }
    else runs.push({ start, sectors: take })
    left -= take
  }
  if (left > 0 || runs.length > maxRuns)
    throw new ImageUnavailable('build-failed', 'The boot loader lies too scattered on the disk.')
  return runs
}

/** GRUB's boot.img, told where its second part begins, with an empty partition table. Pure. */
export function bootSector(boot: Buffer, coreSector: number): Buffer {
  const sector = Buffer.alloc(sectorBytes)
  boot.copy(sector, 0, 0, codeBytes)
  sector.writeBigUInt64LE(BigInt(coreSector), kernelSectorAt)
  sector.writeUInt16LE(0xaa55, signatureAt)
  return sector
}

/** The first sector of GRUB's core.img, told where the others lie. Pure. */
export function firstCoreSector(original: Buffer, runs: readonly SectorRun[]): Buffer {
  const sector = Buffer.from(original)
  sector.fill(0, firstRunAt - maxRuns * runBytes, firstRunAt + runBytes)
  let at = firstRunAt
  let segment = kernelSegment
  // The first sector of all is this one, which is loaded already.
  for (const [index, run] of runs.entries()) {
    const skipped = index === 0 ? 1 : 0
    const sectors = run.sectors - skipped
    if (sectors === 0) continue
    sector.writeBigUInt64LE(BigInt(run.start + skipped), at)
    sector.writeUInt16LE(sectors, at + 8)
    sector.writeUInt16LE(segment, at + 10)
    segment += sectors * segmentsPerSector
    at -= runBytes
  }
  return sector
}
