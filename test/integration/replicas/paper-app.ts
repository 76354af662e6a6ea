import { composeApi } from '@leasehold/api'
import { loadConfig } from '@leasehold/config'
import { makeLogger, makeMetrics } from '@leasehold/observability'
import { openPlatform } from '@leasehold/wiring'
import { composeWorker } from '@leasehold/worker'
import { openRemotePools } from '../../crash/support/remote-pool.ts'

// One replica of the API or the worker, composed as in its main.ts; only its machines are elsewhere: in
// the process that forked this one.
const kind = process.argv[2]
const config = loadConfig(process.env)
const { identity } = config
if (identity.kind !== 'oidc') throw new Error('A replica needs OIDC_ISSUER.')
const log = makeLogger({ level: config.logLevel, app: kind ?? '', destination: process.stderr })
const stopping = new AbortController()
const platform = await openPlatform(config, identity, log, stopping.signal, openRemotePools)
const metrics = makeMetrics()
const app =
  kind === 'api'
    ? composeApi(config, { ...platform, metrics })
    : composeWorker(config, { ...platform, observeJob: metrics.observeJob })
await app.start()
process.send?.({ ready: {} })
process.once('SIGTERM', async () => {
  stopping.abort()
  await app.close()
  await platform.close()
  process.exit(0)
})
