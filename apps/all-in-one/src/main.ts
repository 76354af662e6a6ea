import { loadConfig } from '@leasehold/config'
import { makeLogger } from '@leasehold/observability'
import { startAllInOne } from './start-all-in-one.ts'

const config = loadConfig(process.env)
// Standard output carries one line for whoever started us; the log goes to standard error.
const log = makeLogger({ level: config.logLevel, app: 'all-in-one', destination: process.stderr })
const stopping = new AbortController()

process.once('SIGINT', () => stopping.abort())
process.once('SIGTERM', () => stopping.abort())
process.on('unhandledRejection', (err) => log.error({ err }, 'a promise was left alone'))

try {
  const { close, ...addresses } = await startAllInOne(config, log, stopping.signal)
  const line = { event: 'ready', ...addresses, stateFolder: config.stateFolder }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  stopping.signal.addEventListener('abort', async () => {
    setTimeout(() => process.exit(1), config.shutdownMs + 20_000).unref()
    await close()
    process.exit(0)
  })
  if (stopping.signal.aborted) process.exit(0)
} catch (err) {
  log.error({ err }, 'could not start')
  process.stderr.write(`Leasehold could not start: ${err instanceof Error ? err.message : err}\n`)
  process.exit(1)
}
