import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { openQmp, type Qmp } from '../qemu/qmp.ts'

/**
 * Moves the state of a machine's devices to a file and back, over a unix socket, so that QEMU may
 * start no programs. Memory is not in it: it lives in a file of its own (`x-ignore-shared`), which
 * every restored machine maps privately, so that a start costs no copy of it.
 */
type StateMove = {
  readonly qmpSocket: string
  /** A path for the socket meanwhile; nothing is left there. */
  readonly stateSocket: string
  readonly statePath: string
  readonly signal: AbortSignal
}

const moveTimeoutMs = 60_000
const lookEveryMs = 5

/** The machine could not be frozen, or what was frozen cannot be used. */
export class SnapshotUnusable extends Error {
  constructor(why: string) {
    super(`The snapshot cannot be used: ${why}`)
    this.name = 'SnapshotUnusable'
  }
}

/** Stops the machine and writes its state. It stays stopped, its disks written out: end it then. */
export async function freezeMachine(move: StateMove): Promise<void> {
  const qmp = await openQmp(move.qmpSocket, { signal: move.signal })
  const server = createServer()
  try {
    await qmp.execute('stop')
    await allowSharedMemory(qmp)
    server.listen(move.stateSocket)
    await once(server, 'listening')
    const connected = once(server, 'connection', { signal: move.signal }) as Promise<[Socket]>
    await qmp.execute('migrate', { uri: `unix:${move.stateSocket}` })
    const [socket] = await connected
    await pipeline(socket, createWriteStream(move.statePath, { mode: 0o600, flush: true }), {
      signal: move.signal,
    })
    await untilMoved(qmp, move.signal)
  } finally {
    qmp.close()
    server.close()
    await rm(move.stateSocket, { force: true })
  }
}

/** Gives a machine that was started with `-incoming defer` the state and lets it run. Throws when it does not fit. */
export async function thawMachine(move: StateMove): Promise<void> {
  const qmp = await openQmp(move.qmpSocket, { signal: move.signal })
  try {
    await allowSharedMemory(qmp)
    await qmp.execute('migrate-incoming', { uri: `unix:${move.stateSocket}` })
    const socket = createConnection(move.stateSocket)
    await pipeline(createReadStream(move.statePath), socket, { signal: move.signal })
    await untilMoved(qmp, move.signal)
    await qmp.execute('cont')
  } finally {
    qmp.close()
    await rm(move.stateSocket, { force: true })
  }
}

async function allowSharedMemory(qmp: Qmp): Promise<void> {
  await qmp.execute('migrate-set-capabilities', {
    capabilities: [{ capability: 'x-ignore-shared', state: true }],
  })
  // Nothing else runs in the machine meanwhile; the default would spread a few MiB over time.
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': 10_000_000_000 })
}

async function untilMoved(qmp: Qmp, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + moveTimeoutMs
  for (;;) {
    const answer = (await qmp.execute('query-migrate')) as {
      status?: string
      'error-desc'?: string
    }
    if (answer.status === 'completed') return
    if (answer.status === 'failed' || answer.status === 'cancelled')
      throw new SnapshotUnusable(answer['error-desc'] ?? answer.status)
    if (Date.now() > deadline) throw new SnapshotUnusable('moving the state took too long')
    await pause(lookEveryMs, undefined, { signal })
  }
}
