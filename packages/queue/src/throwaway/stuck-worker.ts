import { argv } from 'node:process'
import { openQueue } from '../index.ts'

/** A worker process that takes a job and never finishes it; for a test that kills it. */
const [, , kind, url = ''] = argv
const log = { info: () => {}, warn: () => {}, error: () => {} }
const queue = await openQueue({
  kind: kind === 'redis' ? 'redis' : 'postgres',
  url,
  log,
  now: Date.now,
})
const stuck = () => {
  console.log('taken')
  return new Promise<void>(() => {})
}
await queue.startWorkers(
  {
    'reconcile-lease': stuck,
    'reconcile-task': stuck,
    'admit-queued': stuck,
    'ensure-tenant': stuck,
  },
  { concurrency: 1 },
)
