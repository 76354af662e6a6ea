import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type PlatformProcess, startPlatform } from '../client/platform-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const logFile = path.join(
  path.resolve(root, process.env.LEASEHOLD_STATE ?? '.leasehold'),
  'log/platform.log',
)

/** Why the platform is to end: someone asked for it, or it ended by itself. */
export type Ending = { readonly code: number; readonly asked: boolean }

/**
 * Starts the platform, does `work` with it and stops it. `work` ends when `ending` does, and gives
 * the exit code: 130 or 143 for what SIGINT or SIGTERM cut off. When the platform ends by itself the
 * reason is printed.
 */
export async function runPlatform(
  settings: Readonly<Record<string, string>>,
  work: (platform: PlatformProcess, ending: Promise<Ending>) => Promise<number>,
): Promise<number> {
  process.stdout.write('Starting the platform …\n')
  const platform = await startPlatform(settings, logFile)
  process.stdout.write(
    `Ready after ${(platform.tookMs / 1_000).toFixed(1)} s (log: ${path.relative('.', logFile)}).\n`,
  )
  const asked = new Promise<Ending>((resolve) => {
    process.once('SIGINT', () => resolve({ code: 130, asked: true }))
    process.once('SIGTERM', () => resolve({ code: 143, asked: true }))
  })
  let stopping = false
  const died = platform.ended.then((how): Ending => {
    if (!stopping) process.stderr.write(`The platform ${how}. Its log: ${logFile}\n`)
    return { code: 1, asked: false }
  })
  try {
    return await work(platform, Promise.race([asked, died]))
  } finally {
    stopping = true
    process.stdout.write('Stopping the platform …\n')
    process.stdout.write(`It ${await platform.stop()}.\n`)
  }
}

/** Stays until someone asks for the end, which is then no failure. */
export async function stayUntil(ending: Promise<Ending>): Promise<number> {
  const { code, asked } = await ending
  return asked ? 0 : code
}
