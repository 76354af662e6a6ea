import { createHash } from 'node:crypto'
import {
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { imageFolder } from '../../machines/testing/real-parts.ts'
import { type ProgramRun, runProgram } from '../../programs/run-program.ts'
import { hostAptSources } from '../apt-sources.ts'

/**
 * A cloud image as others make them: a partition table, a boot loader in front of it, a stock
 * initial file system, and Debian's cloud-init as it comes. Nothing in it is ours.
 */
const suite = 'bookworm'
const packages = [
  ...['systemd', 'systemd-sysv', 'udev', 'dbus', 'linux-image-cloud-amd64', 'initramfs-tools'],
  ...['cloud-init', 'cloud-guest-utils', 'fdisk', 'e2fsprogs', 'openssh-server', 'sudo'],
  ...['ifupdown', 'isc-dhcp-client', 'iproute2', 'grub-pc-bin', 'grub-common'],
]
const sizeMiB = 1_536
const sectorBytes = 512
const partitionSector = 2_048
const loaderConfig = [
  'set root=(hd0,msdos1)',
  'linux /vmlinuz root=LABEL=cloud-root ro console=ttyS0',
  'initrd /initrd.img',
  'boot',
  '',
].join('\n')
const modules = 'biosdisk part_msdos ext2 linux'
const finish = [
  'set -e',
  `printf '${loaderConfig.replaceAll('\n', '\\n')}' > "$1/boot/loader.cfg"`,
  `chroot "$1" grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -c /boot/loader.cfg -o /boot/core.img ${modules}`,
  'echo "LABEL=cloud-root / ext4 defaults,errors=remount-ro 0 1" > "$1/etc/fstab"',
  'rm -rf "$1"/etc/ssh/ssh_host_* "$1"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/*',
  ': > "$1/etc/machine-id"',
].join('\n')

/** Gives the path of the image (qcow2), building it the first time: minutes. */
export async function theForeignImage(signal: AbortSignal): Promise<string> {
  const recipe = createHash('sha256').update(JSON.stringify([suite, packages, sizeMiB, finish]))
  const folder = join(dirname(imageFolder), 'images-of-tests')
  const path = join(folder, `cloud-${recipe.digest('hex').slice(0, 16)}.qcow2`)
  if (await stat(path).catch(() => null)) return path
  await mkdir(folder, { recursive: true })
  // Not below the checkout: what searches that would look into the /proc of the new root.
  const work = await mkdtemp(join(tmpdir(), 'cloud-image-'))
  try {
    await build(work, { timeoutMs: 20 * 60_000, signal })
    await copyFile(join(work, 'disk.qcow2'), `${path}.new`)
    await rename(`${path}.new`, path)
    return path
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function build(work: string, options: ProgramRun): Promise<void> {
  const [root, disk] = [join(work, 'root'), join(work, 'disk.raw')]
  const sources = await hostAptSources(suite)
  const sourcesPath = join(work, 'sources.list')
  if (sources !== null) await writeFile(sourcesPath, sources)
  const args = [
    ...['--variant=minbase', '--format=directory', `--include=${packages.join(',')}`],
    ...['--aptopt=APT::Install-Recommends "false"', '--dpkgopt=force-unsafe-io'],
    ...[`--customize-hook=${finish}`, suite, root],
    ...(sources === null ? [] : [sourcesPath]),
  ]
  await runProgram('mmdebstrap', args, options)
  const kibibytes = (sizeMiB - 1) * 1_024
  const features = ['-q', '-F', '-L', 'cloud-root', '-O', '^metadata_csum_seed', '-d', root]
  const place = ['-E', `offset=${partitionSector * sectorBytes}`, disk, `${kibibytes}k`]
  await runProgram('mke2fs', ['-t', 'ext4', ...features, ...place], options)
  await writeLoader(disk, root)
  const convert = ['convert', '-c', '-f', 'raw', '-O', 'qcow2', disk, join(work, 'disk.qcow2')]
  await runProgram('qemu-img', convert, options)
}

/** The classic place: boot code and partition table in the first sector, the rest before the partition. */
async function writeLoader(disk: string, root: string): Promise<void> {
  const boot = await readFile(join(root, 'usr/lib/grub/i386-pc/boot.img'))
  const core = await readFile(join(root, 'boot/core.img'))
  if (core.length > (partitionSector - 1) * sectorBytes) throw new Error('The loader is too large.')
  const first = Buffer.alloc(sectorBytes)
  boot.copy(first, 0, 0, 0x1b8)
  first.set([0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff], 0x1be)
  first.writeUInt32LE(partitionSector, 0x1be + 8)
  first.writeUInt32LE((sizeMiB - 1) * 2_048, 0x1be + 12)
  first.writeUInt16LE(0xaa55, 0x1fe)
  await using file = await open(disk, 'r+')
  await file.write(Buffer.concat([first, core]), 0, sectorBytes + core.length, 0)
}
