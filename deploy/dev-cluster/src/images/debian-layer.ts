import { rename, rm, writeFile } from 'node:fs/promises'
import { hostAptSources } from '@leasehold/compute-local'
import { step } from '../log.ts'
import { runCommand } from '../processes/run-command.ts'
import { type CachePlace, keepFile } from './keep-file.ts'

export type DebianRecipe = {
  /** What the cache and the progress call it. */
  readonly name: string
  readonly suite: 'bookworm'
  readonly packages: readonly string[]
  /** A shell script that is run last, with the root's folder as `$1`. */
  readonly finish?: string
}

const buildLimitMs = 30 * 60_000
const removed = '/var/lib/apt/lists/* /var/cache/apt/* /var/log/*'

/** A Debian root with these packages as a layer for `writeImage`; built once per recipe, from this computer's own sources. */
export function ensureDebianLayer(recipe: DebianRecipe, place: CachePlace): Promise<string> {
  return keepFile(place, `${recipe.name}-root`, recipe, (file) =>
    step(place.log, `build ${recipe.name} from Debian packages`, (report) =>
      build(recipe, file, place.signal, report),
    ),
  )
}

async function build(
  recipe: DebianRecipe,
  file: string,
  signal: AbortSignal,
  report: (text: string) => void,
): Promise<void> {
  const sources = await hostAptSources(recipe.suite)
  const sourcesFile = `${file}.sources.list`
  if (sources !== null) await writeFile(sourcesFile, sources)
  const finish = ['set -e', recipe.finish ?? '', `cd "$1" && rm -rf ${relative(removed)}`]
  const args = [
    ...['--variant=minbase', '--format=tar', `--include=${recipe.packages.join(',')}`],
    ...['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"'],
    ...['--aptopt=Acquire::Retries "3"', '--dpkgopt=force-unsafe-io'],
    ...['man', 'locale', 'doc', 'info'].map(
      (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
    ),
    `--customize-hook=${finish.join('\n')}`,
    ...[recipe.suite, `${file}.new`, ...(sources === null ? [] : [sourcesFile])],
  ]
  try {
    await runCommand('mmdebstrap', args, { signal, timeoutMs: buildLimitMs, onLine: report })
    await rename(`${file}.new`, file)
  } finally {
    await rm(sourcesFile, { force: true })
    await rm(`${file}.new`, { force: true })
  }
}

function relative(paths: string): string {
  return paths.replaceAll(/(^| )\//g, '$1')
}
