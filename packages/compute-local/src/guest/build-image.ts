import { chmod, mkdir, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ProgramFailed, runProgram } from '../programs/run-program.ts'
import { hostAptSources } from './apt-sources.ts'
import { writeBootSector } from './boot-loader.ts'
import { finishScript, type ImageRecipe, writeFilesScript } from './image-recipe.ts'
import { type ImageProgress, ImageUnavailable } from './image-unavailable.ts'

const buildTimeoutMs = 30 * 60_000
const neededFreeMiB = 4_096

/**
 * Builds the recipe's image into `folder` (empty, ours alone): `disk.raw`, which also boots by itself
 * on a BIOS, and its `vmlinuz` and `initrd.img` for starting it directly.
 * Needs mmdebstrap and e2fsprogs, and a Debian archive to fetch from. Root is used when we are it,
 * else a user namespace; nothing is mounted. Throws `ImageUnavailable`.
 */
export async function buildImage(
  recipe: ImageRecipe,
  folder: string,
  progress: ImageProgress,
  signal: AbortSignal,
): Promise<void> {
  await requireSpace(folder)
  const archive = join(folder, 'root.tar')
  const root = join(folder, 'root')
  await installPackages(recipe, folder, archive, progress, signal)
  progress('unpacking the guest image')
  await mkdir(root)
  await inNamespace(['tar', '-C', root, '-xpf', archive], signal)
  await rm(archive)
  await takeKernel(root, folder, signal)
  progress('writing the disk of the guest image')
  const disk = join(folder, 'disk.raw')
  // GRUB cannot read the one feature that newer e2fsprogs may switch on.
  const features = ['-b', '4096', '-O', '^metadata_csum_seed', '-m', '0', '-i', '16384']
  const content = ['-q', '-F', '-L', 'leasehold-root', '-d', root]
  await inNamespace(
    ['mke2fs', '-t', 'ext4', ...features, ...content, disk, `${recipe.virtualSizeMiB}M`],
    signal,
  )
  await writeBootSector(disk, root, signal)
  await inNamespace(['rm', '-rf', root], signal)
  await chmod(disk, 0o444)
}

async function installPackages(
  recipe: ImageRecipe,
  folder: string,
  archive: string,
  progress: ImageProgress,
  signal: AbortSignal,
): Promise<void> {
  const sources = await hostAptSources(recipe.suite)
  const sourcesPath = join(folder, 'sources.list')
  if (sources !== null) await writeFile(sourcesPath, sources)
  const args = [
    ...['--variant=minbase', '--format=tar', `--include=${recipe.packages.join(',')}`],
    ...['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"'],
    ...['--aptopt=Acquire::Retries "3"', '--dpkgopt=force-unsafe-io'],
    ...['man', 'locale', 'doc', 'info'].map(
      (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
    ),
    `--essential-hook=${writeFilesScript(recipe.earlyFiles)}`,
    `--customize-hook=${finishScript(recipe)}`,
    ...[recipe.suite, archive, ...(sources === null ? [] : [sourcesPath])],
  ]
  await run('mmdebstrap', args, signal, (text) => {
    const phase = phaseFrom(text)
    if (phase !== null) progress(phase)
  })
}

/** What mmdebstrap or dpkg is doing, in words for a person; null for lines that say nothing new. Pure. */
export function phaseFrom(output: string): string | null {
  const unpacking = /(?:Unpacking|Setting up) ([a-z0-9.+-]+)/.exec(output)
  if (unpacking !== null) return `installing ${unpacking[1]} into the guest image`
  const step = /^I: (.+?)\.*$/m.exec(output)
  return step === null ? null : `guest image: ${step[1]}`
}

/** The kernel and its initial file system lie beside the disk, too, for who starts them directly. */
async function takeKernel(root: string, folder: string, signal: AbortSignal): Promise<void> {
  const names = await readdir(join(root, 'boot'))
  for (const [prefix, target] of [
    ['vmlinuz-', 'vmlinuz'],
    ['initrd.img-', 'initrd.img'],
  ] as const) {
    const name = names.find((candidate) => candidate.startsWith(prefix))
    if (name === undefined)
      throw new ImageUnavailable('build-failed', `The built image has no ${prefix}*.`)
    await inNamespace(['cp', join(root, 'boot', name), join(folder, target)], signal)
  }
}

function inNamespace(command: readonly string[], signal: AbortSignal): Promise<void> {
  const prefix =
    process.getuid?.() === 0 ? [] : ['unshare', '--map-root-user', '--map-auto', '--mount']
  const [program = '', ...args] = [...prefix, ...command]
  return run(program, args, signal)
}

async function run(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  onOutput: (text: string) => void = () => {},
): Promise<void> {
  try {
    await runProgram(program, args, { timeoutMs: buildTimeoutMs, signal, onOutput })
  } catch (error) {
    if (!(error instanceof ProgramFailed)) throw error
    signal.throwIfAborted()
    throw explain(error)
  }
}

/** Turns a failed build step into what a person can do about it. Pure. */
export function explain(error: ProgramFailed): ImageUnavailable {
  const { program, output } = error
  if (error.why === 'missing')
    return new ImageUnavailable(
      'tools-missing',
      `${program} is missing: apt-get install mmdebstrap e2fsprogs`,
    )
  if (/newuidmap|subuid/.test(output))
    return new ImageUnavailable(
      'tools-missing',
      'Building without root needs a user namespace: apt-get install uidmap, and a line for you in /etc/subuid.',
    )
  if (/No space left on device|not enough free space/i.test(output))
    return new ImageUnavailable('disk-full', 'The disk filled up while the image was built.')
  if (
    /Could not resolve|Failed to fetch|Connection (failed|refused|timed out)|Unable to connect/i.test(
      output,
    )
  )
    return new ImageUnavailable(
      'download-failed',
      'Packages could not be fetched: check the network and /etc/apt, then try again.',
    )
  const lastLines = output.trim().split('\n').slice(-3).join(' / ').slice(0, 400)
  return new ImageUnavailable('build-failed', `${error.message}: ${lastLines}`)
}

async function requireSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const freeMiB = Math.floor((bavail * bsize) / 1_048_576)
  if (freeMiB < neededFreeMiB)
    throw new ImageUnavailable(
      'disk-full',
      `Building the image needs ${neededFreeMiB} MiB of free disk; ${freeMiB} MiB are free.`,
    )
}
