import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type WebSocket from 'ws'
import { executeInKernel, NotConnected } from './execute-in-kernel.ts'
import type { LeaseBrowser } from './lease-browser.ts'

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
      return await executeInKernel(socket, code, until - performance.now())
    } catch (error) {
      if (!(error instanceof NotConnected) || performance.now() > until) throw error
    } finally {
      socket.terminate()
    }
    await wait(1_000)
  }
}
