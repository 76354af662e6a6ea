import { makeIds, systemClock } from '@leasehold/access'
import { type Config, loadConfig } from '@leasehold/config'
import { openDatabase } from '@leasehold/db'
import { makeLogger, makeMetrics } from '@leasehold/observability'
import { openPoolsThatConnect, openSecrets } from '@leasehold/wiring'
import { composeGateway } from './compose.ts'

type Running = { readonly shutdownMs: number; close(): Promise<void> }

/** The gateway as a process of its own: it needs the database, the platform's master key, and clusters that only connect by themselves. */
async function openGateway(config: Config): Promise<Running> {
  const { database: place, logLevel, shutdownMs } = config
  if (place.kind === 'embedded')
    throw new Error(
      'The gateway on its own needs DATABASE_URL. On one computer, npm start runs everything together.',
    )
  const log = makeLogger({ level: logLevel, app: 'gateway' })
  const secrets = await openSecrets(config)
  const { url, maxConnections } = place
  const database = await openDatabase({ url, maxConnections, log })
  const { leases, access } = database
  const { pools, close: closePools } = openPoolsThatConnect(config, log, {
    ...database,
    clock: systemClock,
  })
  const gateway = composeGateway(config, {
    leases,
    access,
    secrets,
    pools,
    clock: systemClock,
    ids: makeIds(),
    log,
    checks: { database: (signal) => database.check(signal) },
    metrics: makeMetrics(),
  })
  const close = async () => {
    await gateway.close()
    await closePools()
    await database.close()
  }
  try {
    log.info(await gateway.start(), 'gateway listens')
  } catch (error) {
    await close()
    throw error
  }
  return { shutdownMs, close }
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}

try {
  const { shutdownMs, close } = await openGateway(loadConfig(process.env))
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      setTimeout(() => process.exit(1), shutdownMs).unref()
      close().catch(fail)
    })
} catch (error) {
  fail(error)
}
