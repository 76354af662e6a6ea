import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { hostAptSources } from '@leasehold/compute-local'
import { findProgram } from '../../services/service.ts'
import { root } from '../support/start-app.ts'

const run = promisify(execFile)
const limits = { maxBuffer: 64 * 1_048_576, timeout: 540_000 }

/** The tag in the Dockerfile, which this computer cannot download: an image of Debian packages and npm's Node.js takes its place. */
export const baseImage = 'docker.io/library/node:24.21.0-bookworm-slim'

/** Why images cannot be built here; null when they can. */
export async function findBuildPrerequisites(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'images are built by root only'
  for (const program of ['buildah', 'mmdebstrap'])
    if ((await findProgram(program)) === null) return `${program} is not installed`
  return null
}

/** Builds with Debian's buildah, without a daemon. */
export type ImageBuilder = {
  buildah(...args: readonly string[]): Promise<string>
  build(target: string): Promise<string>
  close(): Promise<void>
  /** Runs without waiting for its end; `stop` ends it and everything it started. */
  start(...args: readonly string[]): { stop(): Promise<void>; said(): string }
}

/** Not in the checkout: tools that look through it would look through whole systems. */
const store = '/var/tmp/leasehold-images'

export async function openImageBuilder(): Promise<ImageBuilder> {
  const storage = ['--root', join(store, 'store'), '--runroot', join(store, 'run')]
  const buildah = async (...args: readonly string[]) =>
    (
      await run('buildah', [...storage, '--storage-driver', 'overlay', ...args], limits)
    ).stdout.trim()
  // What an earlier run was cut off from, and layers of files that have changed since.
  await buildah('rm', '--all')
  await buildah('rmi', '--prune')
  // Elsewhere than in the checkout, whose tools would find a second project in it.
  const context = await mkdtemp(join(tmpdir(), 'image-sources-'))
  await copySources(context)
  if ((await buildah('images', '--quiet', baseImage).catch(() => '')) === '')
    await makeBaseImage(buildah)
  return {
    buildah,
    async build(target) {
      const tag = `localhost/leasehold/${target}:test`
      const options = ['--isolation', 'chroot', '--pull-never', '--layers', '--format', 'docker']
      const file = join(context, 'deploy/images/Dockerfile')
      await buildah('build', ...options, '--target', target, '--tag', tag, '--file', file, context)
      return tag
    },
    close: () => rm(context, { recursive: true, force: true }),
    start(...args) {
      const words = [...storage, '--storage-driver', 'overlay', ...args]
      // A group of its own, so that it can be ended with all it started.
      const child = spawn('buildah', words, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
      let said = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => {
          said = (said + chunk).slice(-10_000)
        })
      return { stop: () => endGroup(child), said: () => said }
    },
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  process.kill(-child.pid, 'SIGTERM')
  await ended
}

/** The sources as they are now: what changes while images are built would be in some of them only, and spoil the layers that they share. */
export async function copySources(context: string): Promise<void> {
  const files = 'git ls-files -z --cached --others --exclude-standard'
  const copy =
    'tar --create --null --files-from=- --ignore-failed-read | tar --extract --directory="$CONTEXT"'
  const env = { ...process.env, CONTEXT: context }
  await run('bash', ['-c', `${files} | ${copy}`], { ...limits, cwd: root, env })
}

/** The certificates that this computer trusts, of its own proxies too: as Node.js, npm or Debian name them. */
export function hostAuthorities(): string | null {
  const { NODE_EXTRA_CA_CERTS: forNode, npm_config_cafile: forNpm } = process.env
  const places = [forNode, forNpm, '/etc/ssl/certs/ca-certificates.crt']
  return places.find((place) => place !== undefined && existsSync(place)) ?? null
}

/** What the official image has as far as ours need it: Debian, user 1000, Node.js and npm, and this computer's trust in certificates. */
async function makeBaseImage(buildah: ImageBuilder['buildah']): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'base-image-'))
  try {
    const archive = join(folder, 'debian.tar')
    const sources = await hostAptSources('bookworm')
    const list = join(folder, 'sources.list')
    if (sources !== null) await writeFile(list, sources)
    const debian = ['--variant=minbase', '--include=ca-certificates', 'bookworm', archive]
    await run('mmdebstrap', sources === null ? debian : [...debian, list], limits)
    const container = await buildah('from', 'scratch')
    await buildah('add', '--quiet', container, archive, '/')
    await buildah('add', '--quiet', container, process.execPath, '/usr/local/bin/node')
    const npm = await npmFolder()
    await buildah('add', '--quiet', container, npm, '/usr/local/lib/node_modules/npm')
    const inside = (...words: readonly string[]) =>
      buildah('run', '--isolation', 'chroot', container, '--', ...words)
    await inside('ln', '-s', '../lib/node_modules/npm/bin/npm-cli.js', '/usr/local/bin/npm')
    await inside('groupadd', '--gid', '1000', 'node')
    await inside('useradd', '--uid', '1000', '--gid', '1000', '--create-home', 'node')
    const authorities = hostAuthorities()
    if (authorities !== null) {
      await buildah('add', '--quiet', container, authorities, '/etc/ssl/certs/extra.crt')
      await buildah('config', '--env', 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/extra.crt', container)
    }
    await buildah('commit', '--quiet', '--rm', container, baseImage)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export async function npmFolder(): Promise<string> {
  const program = await findProgram('npm')
  if (program === null) throw new Error('npm is not in the PATH.')
  const { stdout } = await run('readlink', ['--canonicalize', program])
  return resolve(dirname(stdout.trim()), '..')
}
