import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

const waiting = new Map<string, Promise<unknown>>()

/**
 * Runs `work` while nobody else on this host, in this process or another, holds the lock of this
 * name; waits for its turn until the signal aborts. The lock is an abstract unix socket: the kernel
 * lets one process bind it and frees it when that process ends, however it ends.
 */
export async function withLock<Result>(
  name: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const before = waiting.get(name) ?? Promise.resolve()
  const turn = before.then(() => holding(name, signal, work))
  const settled = turn.catch(() => {})
  waiting.set(name, settled)
  try {
    return await turn
  } finally {
    if (waiting.get(name) === settled) waiting.delete(name)
  }
}

async function holding<Result>(
  name: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const address = `\0leasehold-${createHash('sha256').update(name).digest('hex')}`
  let server = await bind(address)
  for (let waitMs = 5; server === null; waitMs = Math.min(100, waitMs * 2)) {
    await pause(waitMs, undefined, { signal })
    server = await bind(address)
  }
  try {
    signal.throwIfAborted()
    return await work()
  } finally {
    const held = server
    await new Promise<void>((done) => held.close(() => done()))
  }
}

function bind(address: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null)
      else reject(error)
    })
    server.listen(address, () => {
      server.unref()
      resolve(server)
    })
  })
}
