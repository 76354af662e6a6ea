import { loadConfig } from '@leasehold/config'
import { makeLogger, makeMetrics } from '@leasehold/observability'
import { openPlatform } from '@leasehold/wiring'
import { composeApi } from './compose.ts'

/** The three HTTP servers as a process of their own, on parts that are configured. */
async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const { identity, database, logLevel, shutdownMs } = config
  if (identity.kind === 'development' || database.kind === 'embedded')
    throw new Error(
      'The API on its own needs OIDC_ISSUER and DATABASE_URL. On one computer, npm start runs everything together.',
    )
  const log = makeLogger({ level: logLevel, app: 'api' })
  const starting = new AbortController()
  const platform = await openPlatform(config, identity, log, starting.signal)
  const api = composeApi(config, { ...platform, metrics: makeMetrics() })
  await api.start()
  log.info({ api: config.api, operator: config.operator, runApi: config.runApi }, 'api listens')

  const stop = async () => {
    setTimeout(() => process.exit(1), shutdownMs).unref()
    await api.close()
    await platform.close()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      stop().catch((err) => {
        log.error({ err }, 'api did not close')
        process.exitCode = 1
      })
    })
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
