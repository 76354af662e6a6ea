import { startAllInOne } from '@leasehold/all-in-one'
import { loadConfig } from '@leasehold/config'
import { makeLogger } from '@leasehold/observability'
import { openRemotePools } from './remote-pool.ts'

// The whole platform with real PostgreSQL, queue, object store and API; only its machines are
// elsewhere: fakes that keep every promise of the ports, in the process that forked this one.
const config = loadConfig(process.env)
const log = makeLogger({ level: config.logLevel, app: 'crash-test', destination: process.stderr })
const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())

const { close, ...addresses } = await startAllInOne(config, log, stopping.signal, openRemotePools)
process.send?.({ ready: addresses })
const end = async () => {
  await close()
  process.exit(0)
}
if (stopping.signal.aborted) await end()
stopping.signal.addEventListener('abort', end)
