import '../require-node.ts'
import { PlatformFailed } from '../client/platform-process.ts'
import { platformSettings, readDemoOptions } from './options.ts'
import { printAddresses } from './print-addresses.ts'
import { runPlatform, stayUntil } from './run-platform.ts'

/** `npm start`: the platform without the tour. */
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const options = readDemoOptions(args)
  if (options === null) return 2
  try {
    return await runPlatform(platformSettings(options), async (platform, ending) => {
      await printAddresses(platform, 'kept', process.stdout)
      return await stayUntil(ending)
    })
  } catch (error) {
    if (!(error instanceof PlatformFailed)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
}
