import { createConnection, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** What the agent is told, once. `entropy` is base64 of at least 32 fresh bytes, `now` in milliseconds. */
export type StartLine = {
  readonly url: string
  readonly credential: string
  readonly hostName: string
  readonly entropy: string
  readonly now: number
  /** IPv4 networks that are closed to the script, except for name resolution by `resolver`. */
  readonly closedNetworks: readonly string[]
  readonly resolver: string | null
}

/** The agent inside refused to start: the machine is of no use and ends itself. */
export class AgentRefused extends Error {
  constructor(detail: string) {
    super(`The agent refused to start: ${detail}`)
    this.name = 'AgentRefused'
  }
}

/** Nobody answered on the agent's port. */
export class AgentSilent extends Error {
  constructor(why: string) {
    super(`The agent does not answer: ${why}`)
    this.name = 'AgentSilent'
  }
}

type Limits = { readonly signal: AbortSignal; readonly timeoutMs: number }

/** Resolves once the agent waits for its start line: a machine can be frozen then. */
export function waitForAgent(socketPath: string, limits: Limits): Promise<void> {
  return talkToAgent(socketPath, null, limits)
}

/** Waits for the agent, gives it the start line and resolves once it has an identity of its own. */
export function startAgent(
  socketPath: string,
  makeLine: () => StartLine,
  limits: Limits,
): Promise<void> {
  return talkToAgent(socketPath, makeLine, limits)
}

const askEveryMs = 2_000
const connectEveryMs = 25
const maxLineBytes = 65_536

async function talkToAgent(
  socketPath: string,
  makeLine: (() => StartLine) | null,
  { signal, timeoutMs }: Limits,
): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs)
  const ends = AbortSignal.any([signal, deadline])
  try {
    const socket = await connect(socketPath, ends)
    await converse(socket, makeLine, ends)
  } catch (error) {
    signal.throwIfAborted()
    if (deadline.aborted) throw new AgentSilent(`not within ${timeoutMs} ms`)
    throw error
  }
}

/** QEMU makes the socket a moment after it starts. */
async function connect(socketPath: string, ends: AbortSignal): Promise<Socket> {
  for (;;) {
    ends.throwIfAborted()
    const socket = createConnection(socketPath)
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).on('error', () => resolve(false))
    })
    if (connected) return socket
    socket.destroy()
    await pause(connectEveryMs, undefined, { signal: ends })
  }
}

function converse(
  socket: Socket,
  makeLine: (() => StartLine) | null,
  ends: AbortSignal,
): Promise<void> {
  // An empty line asks whether anybody is there; one that arrives before the agent waits in the port.
  const ask = () => socket.write('\n')
  const asking = setInterval(ask, askEveryMs)
  return new Promise<void>((resolve, reject) => {
    if (ends.aborted) return reject(ends.reason)
    ends.addEventListener('abort', () => reject(ends.reason), { once: true })
    socket.on('error', (error) => reject(new AgentSilent(error.message)))
    socket.on('close', () => reject(new AgentSilent('the machine ended')))
    let told = false
    onLines(socket, (line) => {
      const { agent, detail } = parse(line)
      if (agent === 'started' && told) resolve()
      if (agent === 'refused') reject(new AgentRefused(String(detail).slice(0, 500)))
      if (agent !== 'waiting' || told) return
      clearInterval(asking)
      told = true
      if (makeLine === null) resolve()
      else socket.write(`${JSON.stringify(makeLine())}\n`)
    })
    ask()
  }).finally(() => {
    clearInterval(asking)
    socket.destroy()
  })
}

function parse(line: string): { agent?: unknown; detail?: unknown } {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function onLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxLineBytes) socket.destroy(new AgentSilent('it sent an endless line'))
    for (const line of lines) onLine(line)
  })
}
