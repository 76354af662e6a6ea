import { runSimulator } from './run-simulator.ts'

const [kubeconfig] = process.argv.slice(2)
if (kubeconfig === undefined) throw new Error('usage: main.ts KUBECONFIG')
const stop = new AbortController()
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort())
await runSimulator(kubeconfig, stop.signal)
