import '../require-node.ts'
import { PlatformFailed, type PlatformProcess, tailOf } from '../client/platform-process.ts'
import { withDemoCluster } from './kubernetes/with-demo-cluster.ts'
import { ChapterFailed, makeNarrator } from './narrator.ts'
import { type DemoOptions, platformSettings, readDemoOptions } from './options.ts'
import { printAddresses } from './print-addresses.ts'
import { type Ending, runPlatform, stayUntil } from './run-platform.ts'
import { withDemoServices } from './services/with-demo-services.ts'
import type { TourPlace } from './session.ts'
import { walkThroughProduct } from './tour.ts'

/** `npm run demo`: starts the platform and walks through it. */
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const options = readDemoOptions(args)
  if (options === null) return 2
  try {
    if (options.kubernetes)
      return await withDemoCluster(options.once, (settings, place) =>
        runTour(options, settings, place),
      )
    if (options.services)
      return await withDemoServices((settings, prepare) =>
        runTour(options, { ...settings, ...platformSettings(options) }, null, prepare),
      )
    return await runTour(options, platformSettings(options), null)
  } catch (error) {
    if (!(error instanceof PlatformFailed)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}

function runTour(
  options: DemoOptions,
  settings: Readonly<Record<string, string>>,
  place: TourPlace,
  prepare: (platform: PlatformProcess) => Promise<void> = async () => {},
): Promise<number> {
  return runPlatform(settings, async (platform, ending) => {
    await prepare(platform)
    return await tourThenStay(platform, place, options, ending)
  })
}

async function tourThenStay(
  platform: PlatformProcess,
  place: TourPlace,
  { once, services }: DemoOptions,
  ending: Promise<Ending>,
): Promise<number> {
  const outcome = await Promise.race([tour(platform, place), ending])
  if (outcome === 'broke-off') return 1
  if (outcome !== 'worked') return outcome.code
  if (once) return 0
  await printAddresses(platform, services ? 'throwaway' : 'kept', process.stdout)
  return await stayUntil(ending)
}

async function tour(platform: PlatformProcess, place: TourPlace): Promise<'worked' | 'broke-off'> {
  const startedAt = performance.now()
  try {
    await walkThroughProduct(platform, place, makeNarrator(process.stdout))
  } catch (error) {
    if (!(error instanceof ChapterFailed)) throw error
    process.stderr.write(
      `\nThe tour broke off in ${error.message}\n\nThe end of ${platform.logFile}:\n${await tailOf(platform.logFile)}\n`,
    )
    return 'broke-off'
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
  process.stdout.write(`\nThe tour took ${seconds} s and everything worked.\n`)
  return 'worked'
}
