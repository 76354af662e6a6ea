import { readState } from '../cluster/cluster-state.ts'
import { stopCluster } from '../cluster/start-cluster.ts'

const limitMs = 120_000
const [folder = '', cacheFolder = ''] = process.argv.slice(2)
// Ctrl-C is for who started the cluster: we outlive it.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined)

const guarded = await readState(folder)
await new Promise((resolve) => process.stdin.resume().once('close', resolve))
const found = await readState(folder)
// Another cluster may have taken the place meanwhile.
if (found !== null && found.startedAt === guarded?.startedAt)
  await stopCluster({
    folder,
    cacheFolder,
    log: () => undefined,
    signal: AbortSignal.timeout(limitMs),
  })
