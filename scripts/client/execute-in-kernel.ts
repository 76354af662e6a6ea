import { randomUUID } from 'node:crypto'
import type WebSocket from 'ws'

type Message = {
  /** What Jupyter adds: `shell`, `iopub`, … */
  readonly channel?: string
  readonly msg_type?: string
  readonly header?: { readonly msg_type: string }
  readonly parent_header: { readonly msg_id?: string }
  readonly content: Readonly<Record<string, unknown>>
}

const askAgainMs = 2_000

/** The channel was closed before the kernel said anything: it is still starting. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected'
}

/**
 * Runs `code` in the kernel at the other end of a WebSocket that was just made (Jupyter messaging 5.x, JSON frames) and
 * gives what it printed. Rejects with `NotConnected` when it may be tried again over another WebSocket.
 */
export function executeInKernel(
  socket: WebSocket,
  code: string,
  timeoutMs: number,
): Promise<string> {
  const request = shellRequest('execute_request', cellContent(code))
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
  socket.on('message', (data) => {
    hasSpoken = true
    const message = JSON.parse(String(data)) as Message
    if (message.parent_header.msg_id !== request.header.msg_id) return
    printed += printedBy(message)
    if (kindOf(message) === 'error')
      reject(new Error(`the cell failed: ${JSON.stringify(message.content)}`))
    else if (message.content.execution_state === 'idle') resolve(printed)
  })
  const stopAsking = onceHeard(socket, () => socket.send(JSON.stringify(request)))
  return promise.finally(() => {
    clearTimeout(timer)
    stopAsking()
  })
}

/**
 * What a kernel says before Jupyter listens to it is lost, also what a cell printed. So it is asked about itself again
 * and again until such an answer has come through. Gives what ends the asking.
 */
function onceHeard(socket: WebSocket, act: () => void): () => void {
  const questions = new Set<string>()
  const ask = () => {
    const question = shellRequest('kernel_info_request', {})
    questions.add(question.header.msg_id)
    socket.send(JSON.stringify(question))
  }
  let asking: NodeJS.Timeout | undefined
  const stop = () => clearInterval(asking)
  socket.once('open', () => {
    ask()
    asking = setInterval(ask, askAgainMs)
  })
  socket.on('message', function hear(data) {
    const { channel, parent_header } = JSON.parse(String(data)) as Message
    if (channel !== 'iopub' || !questions.has(parent_header.msg_id ?? '')) return
    socket.off('message', hear)
    stop()
    act()
  })
  return stop
}

function printedBy(message: Message): string {
  if (kindOf(message) === 'stream') return String(message.content.text)
  if (kindOf(message) !== 'execute_result') return ''
  return String((message.content.data as Record<string, unknown>)['text/plain'] ?? '')
}

function kindOf(message: Message): string | undefined {
  return message.msg_type ?? message.header?.msg_type
}

function shellRequest(type: string, content: Readonly<Record<string, unknown>>) {
  return {
    header: {
      msg_id: randomUUID(),
      msg_type: type,
      username: 'renter',
      session: randomUUID(),
      date: new Date().toISOString(),
      version: '5.3',
    },
    parent_header: {},
    metadata: {},
    content,
    channel: 'shell',
    buffers: [],
  }
}

function cellContent(code: string) {
  return {
    code,
    silent: false,
    store_history: false,
    user_expressions: {},
    allow_stdin: false,
    stop_on_error: true,
  }
}
