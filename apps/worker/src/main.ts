import { loadConfig } from '@leasehold/config'
import { makeLogger, makeMetrics } from '@leasehold/observability'
import { openPlatform } from '@leasehold/wiring'
import { composeWorker } from './compose.ts'
import { startHealthServer } from './health-server.ts'

/** A worker as a process of its own, on parts that are configured. Many may run beside each other. */
async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const { identity, database, logLevel, shutdownMs } = config
  if (identity.kind === 'development' || database.kind === 'embedded')
    throw new Error(
      'A worker on its own needs OIDC_ISSUER and DATABASE_URL. On one computer, npm start runs everything together.',
    )
  const log = makeLogger({ level: logLevel, app: 'worker' })
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  const platform = await openPlatform(config, identity, log, stopping.signal)
  const metrics = makeMetrics()
  const worker = composeWorker(config, { ...platform, observeJob: metrics.observeJob })
  await worker.start()
  const { host, port } = config.worker
  const health = await startHealthServer({ host, port, checks: platform.checks, metrics })
  log.info({ pools: platform.pools.all().map((pool) => pool.name) }, 'worker works')

  const stop = async () => {
    setTimeout(() => process.exit(1), shutdownMs).unref()
    await worker.close()
    await health.close()
    await platform.close()
  }
  const stopOrSay = () =>
    stop().catch((err) => {
      log.error({ err }, 'worker did not close')
      process.exitCode = 1
    })
  if (stopping.signal.aborted) await stopOrSay()
  else stopping.signal.addEventListener('abort', stopOrSay, { once: true })
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
