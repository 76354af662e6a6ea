import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PlatformProcess, startPlatform } from '../client/platform-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const logFile = path.join(
  path.resolve(root, process.env.LEASEHOLD_STATE ?? '.leasehold'),
  'log/platform.log',
)

/**
 * Starts the platform, does `work` with it and gives the exit code. SIGINT and SIGTERM stop the
 * platform first; when it ends by itself the reason is printed.
 */
export async function runPlatform(
  settings: Readonly<Record<string, string>>,
  work: (platform: PlatformProcess, stopped: Promise<number>) => Promise<number>,
): Promise<number> {
  process.stdout.write('Starting the platform …\n')
  const platform = await startPlatform(settings, logFile)
  process.stdout.write(
    `Ready after ${(platform.tookMs / 1_000).toFixed(1)} s (log: ${path.relative('.', logFile)}).\n`,
  )
  const asked = new Promise<number>((resolve) => {
    process.once('SIGINT', () => resolve(0)).once('SIGTERM', () => resolve(0))
  })
  const died = platform.ended.then((how) => {
    process.stderr.write(`The platform ${how}. Its log: ${logFile}\n`)
    return 1
  })
  try {
    return await Promise.race([work(platform, Promise.race([asked, died])), asked, died])
  } finally {
    process.stdout.write('Stopping the platform …\n')
    process.stdout.write(`It ${await platform.stop()}.\n`)
  }
}
