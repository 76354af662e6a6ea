import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type WebSocket from 'ws'
import type { LeaseBrowser } from './lease-browser.ts'

type Message = {
  readonly msg_type?: string
  readonly header?: { readonly msg_type: string }
  readonly parent_header: { readonly msg_id?: string }
  readonly content: Readonly<Record<string, unknown>>
}

/**
 * Starts a Python kernel on the Jupyter behind `origin`, runs `code` through the kernel's WebSocket
 * (Jupyter messaging 5.x, JSON frames) and gives what it printed. Ends the kernel afterwards.
 */
export async function runCell(
  browser: LeaseBrowser,
  origin: string,
  code: string,
  timeoutMs: number,
): Promise<string> {
  const started = await browser.fetch(`${origin}/api/kernels`, {
    method: 'POST',
    json: { name: 'python3' },
  })
  if (started.status !== 201)
    throw new Error(
      `Jupyter did not start a kernel: ${started.status} ${started.text.slice(0, 300)}`,
    )
  const { id } = JSON.parse(started.text) as { readonly id: string }
  const url = `${origin.replace(/^http/, 'ws')}/api/kernels/${id}/channels?session_id=${randomUUID()}`
  try {
    return await executeWhenConnected(() => browser.webSocket(url), code, timeoutMs)
  } finally {
    await browser.fetch(`${origin}/api/kernels/${id}`, { method: 'DELETE' })
  }
}

/** The channel was closed before the kernel said anything: it is still starting. */
class NotConnected extends Error {
  override readonly name = 'NotConnected'
}

/** Connects again when the channel closes while the kernel starts, as Jupyter's own pages do. */
async function executeWhenConnected(
  connect: () => WebSocket,
  code: string,
  timeoutMs: number,
): Promise<string> {
  const until = performance.now() + timeoutMs
  while (true) {
    const socket = connect()
    try {
      return await execute(socket, code, until - performance.now())
    } catch (error) {
      if (!(error instanceof NotConnected) || performance.now() > until) throw error
    } finally {
      socket.terminate()
    }
    await wait(1_000)
  }
}

function execute(socket: WebSocket, code: string, timeoutMs: number): Promise<string> {
  const request = executeRequest(code)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let printed = ''
  let hasSpoken = false
  const timer = setTimeout(
    () => reject(new Error(`the cell did not end in time; it printed: ${printed}`)),
    timeoutMs,
  )
  const lost = (why: string) => reject(hasSpoken ? new Error(why) : new NotConnected(why))
  socket.on('error', (error) => lost(`the kernel’s WebSocket failed: ${error.message}`))
  socket.on('close', (number, why) => lost(`the kernel’s WebSocket was closed: ${number} ${why}`))
  socket.on('open', () => socket.send(JSON.stringify(request)))
  socket.on('message', (data) => {
    hasSpoken = true
    const message = JSON.parse(String(data)) as Message
    if (message.parent_header.msg_id !== request.header.msg_id) return
    printed += printedBy(message)
    if (kindOf(message) === 'error')
      reject(new Error(`the cell failed: ${JSON.stringify(message.content)}`))
    else if (message.content.execution_state === 'idle') resolve(printed)
  })
  return promise.finally(() => clearTimeout(timer))
}

function printedBy(message: Message): string {
  if (kindOf(message) === 'stream') return String(message.content.text)
  if (kindOf(message) !== 'execute_result') return ''
  return String((message.content.data as Record<string, unknown>)['text/plain'] ?? '')
}

function kindOf(message: Message): string | undefined {
  return message.msg_type ?? message.header?.msg_type
}

function executeRequest(code: string) {
  return {
    header: {
      msg_id: randomUUID(),
      msg_type: 'execute_request',
      username: 'renter',
      session: randomUUID(),
      date: new Date().toISOString(),
      version: '5.3',
    },
    parent_header: {},
    metadata: {},
    content: {
      code,
      silent: false,
      store_history: false,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    },
    channel: 'shell',
    buffers: [],
  }
}
