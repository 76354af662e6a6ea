import { chmod, chown, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { ensureDebianLayer } from '../images/debian-layer.ts'
import { type CachePlace, keepFile } from '../images/keep-file.ts'
import { writeImage } from '../images/write-image.ts'
import { step } from '../log.ts'
import { runCommand } from '../processes/run-command.ts'
import { moduleFolder } from '../programs/module-folder.ts'
import { kubevirtVersion } from './configuration.ts'
import { buildNodePrograms, kubevirtFolder } from './kubevirt-programs.ts'
import { launcherRoot } from './launcher-root.ts'

/** One image for virt-handler and for the pods of machines. */
export const launcherImage = `leasehold.local/kubevirt:${kubevirtVersion}`

const limitMs = 5 * 60_000
/** Changed when the layer is put together in another way. */
const layout = 2

/** The archive of `launcherImage`: libvirt and QEMU of Debian, and KubeVirt's programs on top. */
export async function ensureLauncherImage(place: CachePlace): Promise<string> {
  const programs = await buildNodePrograms(place)
  const root = await ensureDebianLayer(launcherRoot, place)
  const recipe = [layout, path.basename(root), Object.values(programs).map(hashedName)]
  return await keepFile(place, 'kubevirt-image', recipe, (file) =>
    step(place.log, `write image ${launcherImage}`, async () => {
      const work = await mkdtemp(`${file}.work-`)
      try {
        const layer = await packPrograms(programs, work, place.signal)
        const spec = { name: launcherImage, layers: [root, layer] }
        await writeImage({ ...spec, entrypoint: ['/usr/bin/virt-launcher'] }, file, place.signal)
      } finally {
        await rm(work, { recursive: true, force: true })
      }
    }),
  )
}

/** A program's folder carries the hash of its sources. */
function hashedName(program: string): string {
  return path.join(path.basename(path.dirname(program)), path.basename(program))
}

/** KubeVirt's own files, where its own image has them. The qemu user owns what its hook must be. */
async function packPrograms(
  programs: Readonly<Record<string, string>>,
  work: string,
  signal: AbortSignal,
): Promise<string> {
  const sources = path.join(
    await moduleFolder(kubevirtFolder, 'kubevirt.io/kubevirt', signal),
    'cmd',
  )
  const launcher = path.join(sources, 'virt-launcher')
  const root = path.join(work, 'root')
  const put = async (from: string, to: string, mode: number) => {
    const target = path.join(root, to)
    await mkdir(path.dirname(target), { recursive: true })
    await copyFile(from, target)
    await chmod(target, mode)
  }
  for (const [name, program] of Object.entries(programs))
    await put(program, `usr/bin/${name}`, 0o755)
  await put(
    path.join(launcher, 'node-labeller/node-labeller.sh'),
    'usr/bin/node-labeller.sh',
    0o755,
  )
  await put(path.join(launcher, 'qemu.conf'), 'etc/libvirt/qemu.conf', 0o644)
  await put(path.join(launcher, 'virtqemud.conf'), 'etc/libvirt/virtqemud.conf', 0o644)
  await put(path.join(launcher, 'nsswitch.conf'), 'etc/nsswitch.conf', 0o644)
  await put(path.join(launcher, 'qemu'), 'etc/libvirt/hooks/qemu', 0o755)
  await chown(path.join(root, 'etc/libvirt/hooks/qemu'), 107, 107)
  // Debian's layer comes without logs and their folders.
  await mkdir(path.join(root, 'var/log/libvirt/qemu'), { recursive: true })
  const limits = { signal, timeoutMs: limitMs }
  const disk = path.join(sources, 'container-disk-v2alpha', 'main.c')
  await runCommand(
    'gcc',
    ['-O2', '-static', '-o', path.join(root, 'usr/bin/container-disk'), disk],
    limits,
  )
  const monitor = path.join(root, 'usr/bin/virt-launcher-monitor')
  await runCommand('setcap', ['cap_net_bind_service=+ep', monitor], limits)
  const layer = path.join(work, 'layer.tar')
  const attributes = ['--xattrs', '--xattrs-include=security.capability', '--numeric-owner']
  const reproducible = [
    '--sort=name',
    '--mtime=@0',
    '--format=pax',
    '--pax-option=delete=atime,delete=ctime',
  ]
  await runCommand('tar', [...attributes, ...reproducible, '-C', root, '-cf', layer, '.'], limits)
  return layer
}
