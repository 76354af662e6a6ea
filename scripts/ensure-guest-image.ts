import './require-node.ts'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureGuestImage, ImageUnavailable } from '@leasehold/compute-local'
import { loadConfig } from '@leasehold/config'

/** Builds, fetches or finds the guest image, saying what it is at: `[--image PATH|URL]`. */
const { values } = parseArgs({ options: { image: { type: 'string' } } })
const config = loadConfig(process.env)
const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())
const say = (text: string) => void process.stdout.write(`${text}\n`)

try {
  const image = await ensureGuestImage({
    folder: join(config.cacheFolder, 'images'),
    source: values.image ?? config.pools.local?.guestImage ?? undefined,
    progress: say,
    log: { info: () => {}, warn: (_, text) => say(text), error: (_, text) => say(text) },
    signal: stopping.signal,
  })
  say(`image ${image.id}`)
} catch (error) {
  if (!(error instanceof ImageUnavailable)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
