import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCli } from './cli/run-cli.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const state = path.resolve(root, process.env.LEASEHOLD_STATE ?? '.leasehold')
const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => stopping.abort(new Error(`stopped by ${name}`)))

process.exitCode = await runCli(process.argv.slice(2), {
  folder: path.join(state, 'cluster'),
  cacheFolder: path.join(path.resolve(root, process.env.LEASEHOLD_CACHE ?? state), 'cluster-cache'),
  signal: stopping.signal,
  out: process.stdout,
  error: process.stderr,
})
