import { createReadStream, createWriteStream } from 'node:fs'
import { access, chmod, mkdir, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { type Log, step } from '../log.ts'
import { withFileLock } from '../processes/file-lock.ts'
import { runCommand } from '../processes/run-command.ts'
import { findGo } from './find-go.ts'
import { hashSources } from './hash-sources.ts'

export type ProgramOptions = {
  /** What the cache and the progress call it. */
  readonly name: string
  /** The Go module: go.mod, go.sum and the sources. */
  readonly folder: string
  /** Package patterns, one program each, named by its last folder; without them the module's own, named `name`. */
  readonly packages?: readonly string[]
  readonly cgo?: boolean
  /** Beside `-s -w`. */
  readonly ldflags?: readonly string[]
  readonly cacheFolder: string
  readonly log: Log
  readonly signal: AbortSignal
}

const buildLimitMs = 45 * 60_000

/**
 * Builds a Go module's programs and returns the path of each by its name. The same sources, Go
 * version and flags are built once: `<cacheFolder>/programs` keeps them compressed (what a CI
 * cache should hold), `<cacheFolder>/unpacked` ready to run. Only one build runs at a time.
 */
export async function buildProgram(options: ProgramOptions): Promise<Record<string, string>> {
  const go = await findGo(options.signal)
  const flags = buildFlags(options)
  const key = await hashSources(options.folder, [go.version, process.arch, ...flags])
  const build = {
    ...options,
    go: go.path,
    flags,
    packed: path.join(options.cacheFolder, 'programs', `${options.name}-${key}`),
    unpacked: path.join(options.cacheFolder, 'unpacked', `${options.name}-${key}`),
  }
  if (!(await exists(build.unpacked))) {
    await withFileLock(
      path.join(options.cacheFolder, 'build.lock'),
      options.signal,
      () => options.log(`  ${options.name}: wait for another build`),
      () => provide(build),
    )
  }
  const names = await readdir(build.unpacked)
  return Object.fromEntries(names.map((name) => [name, path.join(build.unpacked, name)]))
}

type Build = ProgramOptions & {
  readonly go: string
  readonly flags: readonly string[]
  readonly packed: string
  readonly unpacked: string
}

async function provide(build: Build): Promise<void> {
  if (await exists(build.unpacked)) return
  if (await exists(build.packed))
    return await step(build.log, `unpack ${build.name}`, () => unpack(build))
  const built = `${build.unpacked}.built`
  await step(build.log, `build ${build.name}`, (report) => compile(build, built, report))
  await step(build.log, `pack ${build.name}`, () => pack(built, build.packed))
  await rename(built, build.unpacked)
}

function buildFlags({ cgo = false, ldflags = [], packages = ['.'] }: ProgramOptions): string[] {
  return [
    `CGO_ENABLED=${cgo ? 1 : 0}`,
    ...[
      '-trimpath',
      '-buildvcs=false',
      '-mod=readonly',
      '-ldflags',
      ['-s', '-w', ...ldflags].join(' '),
    ],
    ...packages,
  ]
}

async function compile(
  build: Build,
  target: string,
  report: (text: string) => void,
): Promise<void> {
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  const [cgo = '', ...flags] = build.flags
  const out = build.packages === undefined ? path.join(target, build.name) : `${target}/`
  await runCommand('nice', ['env', cgo, build.go, 'build', '-o', out, ...flags], {
    cwd: build.folder,
    signal: build.signal,
    timeoutMs: buildLimitMs,
    onLine: report,
  })
}

async function pack(built: string, packed: string): Promise<void> {
  const level = { params: { [constants.ZSTD_c_compressionLevel]: 9 } }
  await copyEach(built, packed, (from, to) =>
    pipeline(createReadStream(from), createZstdCompress(level), createWriteStream(`${to}.zst`)),
  )
}

async function unpack(build: Build): Promise<void> {
  await copyEach(build.packed, build.unpacked, async (from, to) => {
    const program = to.replace(/\.zst$/, '')
    await pipeline(createReadStream(from), createZstdDecompress(), createWriteStream(program))
    await chmod(program, 0o755)
  })
}

/** The folder appears only when all of it is there. */
async function copyEach(
  from: string,
  to: string,
  copy: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const unfinished = `${to}.new`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  for (const name of await readdir(from))
    await copy(path.join(from, name), path.join(unfinished, name))
  await rename(unfinished, to)
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
