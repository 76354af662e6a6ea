import { readFile } from 'node:fs/promises'
import { runStorage, type StorageSettings } from './run-storage.ts'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: main.ts SETTINGS.json')
const stop = new AbortController()
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort())
await runStorage(JSON.parse(await readFile(file, 'utf8')) as StorageSettings, stop.signal)
