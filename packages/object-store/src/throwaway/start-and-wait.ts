import { argv } from 'node:process'
import { startEmbeddedObjectStore } from '../index.ts'

/** A process that starts the embedded store and stays; for a test that kills it. */
const [, , folder = '', cacheFolder = ''] = argv
const log = { info: () => {}, warn: () => {}, error: () => {} }
await startEmbeddedObjectStore({ folder, cacheFolder, log })
console.log('started')
setInterval(() => {}, 60_000)
