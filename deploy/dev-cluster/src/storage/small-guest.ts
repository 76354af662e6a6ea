import { chmod, copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DebianRecipe, ensureDebianLayer } from '../images/debian-layer.ts'
import { type CachePlace, keepFile } from '../images/keep-file.ts'
import { writeImage } from '../images/write-image.ts'
import { runCommand } from '../processes/run-command.ts'

export const smallGuestImage = 'leasehold.local/small-guest:dev'

/** What the small guest consists of, as a folder in the layer that makes it. */
const place = 'small-guest'
const modules = [
  ...['virtio_pci', 'virtio_blk', 'virtio_scsi', 'sd_mod', 'sr_mod', 'virtio_net'],
  ...['isofs', 'ext4', 'button', 'evdev'],
]
const diskMiB = 48

/**
 * A guest of a few MiB that boots in seconds without help of the hardware, from a disk of its own:
 * for tests of machines that need no Debian in them. Returns the disk (raw).
 */
export async function ensureSmallGuest(cache: CachePlace): Promise<string> {
  const init = await readFile(
    fileURLToPath(new URL('./small-guest-init.sh', import.meta.url)),
    'utf8',
  )
  const recipe = smallGuestRecipe(init)
  return await keepFile(cache, 'small-guest-disk', recipe, async (file) => {
    const layer = await ensureDebianLayer(recipe, cache)
    const limits = { signal: cache.signal, timeoutMs: 60_000 }
    const work = `${file}.work`
    await mkdir(work, { recursive: true })
    try {
      await runCommand('tar', ['-C', work, '-xSf', layer, `./${place}/disk.img`], limits)
      await rename(path.join(work, place, 'disk.img'), file)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
    // Only what was made in it is of use.
    await rm(layer)
  })
}

/** The small guest as a container disk: a machine has it without any storage, and loses it when it ends. */
export async function ensureSmallGuestImage(cache: CachePlace): Promise<string> {
  const disk = await ensureSmallGuest(cache)
  return await keepFile(cache, 'small-guest-image', path.basename(disk), async (file) => {
    const work = `${file}.work`
    const folder = path.join(work, 'disk')
    await mkdir(folder, { recursive: true })
    try {
      const copy = path.join(folder, 'disk.img')
      await copyFile(disk, copy)
      // The user that runs machines reads it.
      await chmod(copy, 0o444)
      const layer = path.join(work, 'layer.tar')
      const args = [
        '-C',
        work,
        '--owner=107',
        '--group=107',
        '--numeric-owner',
        '-cf',
        layer,
        'disk',
      ]
      await runCommand('tar', args, { signal: cache.signal, timeoutMs: 60_000 })
      await writeImage({ name: smallGuestImage, layers: [layer] }, file, cache.signal)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
}

function smallGuestRecipe(init: string): DebianRecipe {
  return {
    name: 'small-guest',
    suite: 'bookworm',
    packages: [
      ...['linux-image-cloud-amd64', 'busybox-static', 'dropbear-bin', 'e2fsprogs', 'kmod'],
      ...['cpio', 'syslinux', 'syslinux-common', 'mtools', 'dosfstools'],
    ],
    finish: finishScript(init),
  }
}

/** Puts the guest together inside the root of its packages: initial file system, then the disk. */
function finishScript(init: string): string {
  const text = Buffer.from(init).toString('base64')
  const inside = `
set -e
cd /${place}
version=$(ls /lib/modules)
mkdir -p root/bin root/modules root/etc root/usr/sbin root/sbin root/lib64
printf %s '${text}' | base64 -d > root/init
chmod 755 root/init
cp /bin/busybox root/bin/busybox
cp /usr/sbin/dropbear root/usr/sbin/
cp /sbin/mke2fs root/sbin/
printf '%s\\n' '#!/bin/sh' '[ "$1" = bound ] || exit 0' 'ip address add "$ip/$mask" dev "$interface"' '[ -n "$router" ] && ip route add default via "$router"' 'for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf' > root/etc/udhcpc.sh
chmod 755 root/etc/udhcpc.sh
echo 'root:x:0:0:root:/root:/bin/sh' > root/etc/passwd
echo 'root:*:19000:0:99999:7:::' > root/etc/shadow
echo /bin/sh > root/etc/shells
printf 'passwd: files\\nshadow: files\\n' > root/etc/nsswitch.conf
for program in /usr/sbin/dropbear /sbin/mke2fs; do
  for library in $(ldd $program | grep -o '/[^ ]*'); do mkdir -p root$(dirname $library); cp -L $library root$library; done
done
for library in /lib/x86_64-linux-gnu/libnss_files.so.2; do [ -e $library ] && cp -L $library root$library; done
for module in ${modules.join(' ')}; do
  modprobe -S $version --show-depends $module | sed -n 's/^insmod \\([^ ]*\\).*/\\1/p'
done | awk '!seen[$0]++' | while read -r file; do cp $file root/modules/; basename $file >> root/modules/order; done
(cd root && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | gzip -9) > initrd
cp /boot/vmlinuz-$version vmlinuz
printf '%s\\n' 'DEFAULT small' 'PROMPT 0' 'LABEL small' ' KERNEL vmlinuz' ' INITRD initrd' ' APPEND console=ttyS0 quiet panic=-1 rdinit=/init' > syslinux.cfg
rm -f disk.img
mkfs.vfat -C -n SMALLGUEST disk.img ${diskMiB * 1024} > /dev/null
mcopy -i disk.img vmlinuz initrd syslinux.cfg ::/
syslinux --install disk.img
`
  return [
    `mkdir -p "$1/${place}"`,
    // The installer locks the disk through /proc.
    'mount -t proc proc "$1/proc"',
    `trap 'umount "$1/proc"' EXIT`,
    `chroot "$1" sh -e <<'INSIDE'${inside}INSIDE`,
    'umount "$1/proc"',
    'trap - EXIT',
  ].join('\n')
}
