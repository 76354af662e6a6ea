import { createConnection, type Socket } from 'node:net'

/** One conversation with a QEMU monitor. Only one client at a time gets an answer: close it soon. */
export type Qmp = {
  /** Runs one command. Throws `QmpError` when QEMU refuses it, `QmpUnavailable` when it does not answer in time. */
  execute(command: string, args?: object, timeoutMs?: number): Promise<unknown>
  /** Resolves with the event's data when it comes; rejects with `QmpUnavailable` when the connection ends first. */
  waitForEvent(name: string, timeoutMs: number): Promise<unknown>
  /** Resolves when the connection has ended, for whatever reason. */
  readonly ended: Promise<void>
  close(): void
}

/** QEMU understood and refused. */
export class QmpError extends Error {
  readonly command: string
  constructor(command: string, description: string) {
    super(`QEMU refused ${command}: ${description}`)
    this.name = 'QmpError'
    this.command = command
  }
}

/** QEMU is gone, busy with another client, or does not speak QMP here. */
export class QmpUnavailable extends Error {
  constructor(why: string) {
    super(`QEMU's monitor does not answer: ${why}`)
    this.name = 'QmpUnavailable'
  }
}

const maxLineBytes = 1_048_576

type Waiter = {
  readonly wants: (message: Message) => boolean
  readonly resolve: (message: Message) => void
  readonly reject: (error: Error) => void
}
type Message = Readonly<Record<string, unknown>>

/**
 * Connects to a monitor's unix socket, reads the greeting and leaves negotiation mode, all within
 * `timeoutMs` (milliseconds, default 5000). Protocol: QEMU Machine Protocol Specification.
 */
export async function openQmp(
  socketPath: string,
  { signal, timeoutMs = 5_000 }: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<Qmp> {
  signal?.throwIfAborted()
  const socket = createConnection(socketPath)
  const talk = makeTalk(socket)
  const onAbort = () => socket.destroy(new QmpUnavailable('the call was aborted'))
  signal?.addEventListener('abort', onAbort, { once: true })
  void talk.ended.then(() => signal?.removeEventListener('abort', onAbort))
  try {
    await talk.next((message) => 'QMP' in message, timeoutMs, 'no greeting')
    const qmp = makeQmp(socket, talk)
    await qmp.execute('qmp_capabilities', {}, timeoutMs)
    return qmp
  } catch (error) {
    socket.destroy()
    throw error
  }
}

type Talk = {
  next(wants: (message: Message) => boolean, timeoutMs: number, otherwise: string): Promise<Message>
  readonly ended: Promise<void>
}

function makeQmp(socket: Socket, talk: Talk): Qmp {
  let lastId = 0
  return {
    async execute(command, args = {}, timeoutMs = 5_000) {
      const id = ++lastId
      const answer = talk.next((m) => m.id === id, timeoutMs, `no answer to ${command}`)
      socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
      const message = await answer
      if ('error' in message) throw new QmpError(command, descriptionOf(message.error))
      return message.return
    },
    async waitForEvent(name, timeoutMs) {
      const message = await talk.next((m) => m.event === name, timeoutMs, `no event ${name}`)
      return message.data ?? {}
    },
    ended: talk.ended,
    close: () => socket.destroy(),
  }
}

function makeTalk(socket: Socket): Talk {
  const waiters = new Set<Waiter>()
  let failure: Error | null = null
  const fail = (error: Error) => {
    failure ??= error
    for (const waiter of waiters) waiter.reject(failure)
    waiters.clear()
  }
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => {
      fail(new QmpUnavailable('the connection ended'))
      resolve()
    })
  })
  socket.on('error', (error) =>
    fail(error instanceof QmpUnavailable ? error : new QmpUnavailable(error.message)),
  )
  onLines(socket, (line) => deliver(line, waiters, socket))
  return {
    ended,
    next: (wants, timeoutMs, otherwise) =>
      new Promise((resolve, reject) => {
        if (failure !== null) return reject(failure)
        const timer = setTimeout(() => settle(), timeoutMs)
        const waiter: Waiter = {
          wants,
          resolve: (message) => settle(message),
          reject: (error) => settle(undefined, error),
        }
        const settle = (message?: Message, error?: Error) => {
          clearTimeout(timer)
          waiters.delete(waiter)
          if (message !== undefined) resolve(message)
          else reject(error ?? new QmpUnavailable(`${otherwise} within ${timeoutMs} ms`))
        }
        waiters.add(waiter)
      }),
  }
}

function deliver(line: string, waiters: ReadonlySet<Waiter>, socket: Socket): void {
  const message = parseMessage(line)
  if (message === null) {
    socket.destroy(new QmpUnavailable('it sent something that is not QMP'))
    return
  }
  for (const waiter of [...waiters]) if (waiter.wants(message)) waiter.resolve(message)
}

function parseMessage(line: string): Message | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Message) : null
  } catch {
    return null
  }
}

function onLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxLineBytes) socket.destroy(new QmpUnavailable('a line is too long'))
    for (const line of lines) if (line.trim() !== '') onLine(line)
  })
}

function descriptionOf(error: unknown): string {
  const description = (error as { desc?: unknown } | null)?.desc
  return typeof description === 'string' ? description.slice(0, 500) : 'no reason given'
}
