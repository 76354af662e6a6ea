import '../require-node.ts'
import { PlatformFailed } from '../client/platform-process.ts'
import { platformSettings, readDemoOptions } from './options.ts'
import { printAddresses } from './print-addresses.ts'
import { runPlatform } from './run-platform.ts'

/** `npm start`: the platform without the tour. */
const options = readDemoOptions(process.argv.slice(2))
try {
  process.exitCode = await runPlatform(platformSettings(options), async (platform, stopped) => {
    await printAddresses(platform, process.stdout)
    return await stopped
  })
} catch (error) {
  if (!(error instanceof PlatformFailed)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
