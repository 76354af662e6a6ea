import { randomUUID } from 'node:crypto'
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
  const socket = browser.webSocket(url)
  try {
    return await execute(socket, code, timeoutMs)
  } finally {
    socket.terminate()
    await browser.fetch(`${origin}/api/kernels/${id}`, { method: 'DELETE' })
  }
}

function execute(socket: WebSocket, code: string, timeoutMs: number): Promise<string> {
  const request = executeRequest(code)
  return new Promise((resolve, reject) => {
    let printed = ''
    const timer = setTimeout(
      () => reject(new Error(`the cell did not end within ${timeoutMs / 1_000} s: ${printed}`)),
      timeoutMs,
    )
    const settle = (how: () => void) => {
      clearTimeout(timer)
      how()
    }
    socket.on('error', (error) => settle(() => reject(error)))
    socket.on('close', () => settle(() => reject(new Error('the kernel’s WebSocket was closed'))))
    socket.on('open', () => socket.send(JSON.stringify(request)))
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Message
      if (message.parent_header.msg_id !== request.header.msg_id) return
      printed += printedBy(message)
      if (kindOf(message) === 'error')
        settle(() => reject(new Error(`the cell failed: ${JSON.stringify(message.content)}`)))
      else if (message.content.execution_state === 'idle') settle(() => resolve(printed))
    })
  })
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
