import { createConnection } from 'node:net'
import type { MachinePorts } from '../port-forwards.ts'

export type ProbeTarget = { readonly host: string; readonly port: number }

/** Whether a machine is of use: SSH answers and, where the image has it, Jupyter too. */
export async function machineAnswers(
  ports: MachinePorts | null,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (ports === null) return false
  const at = (port: number): ProbeTarget => ({ host: '127.0.0.1', port })
  if (!(await sshAnswers(at(ports.ssh), timeoutMs, signal))) return false
  return ports.jupyter === null || httpAnswers(at(ports.jupyter), timeoutMs, signal)
}

/**
 * Whether an SSH server answers with its banner within `timeoutMs` milliseconds (RFC 4253 §4.2). A
 * forwarded port accepts connections before the guest does, so a mere connection proves nothing.
 */
export function sshAnswers(target: ProbeTarget, timeoutMs: number, signal: AbortSignal) {
  return answerStarts(target, '', 'SSH-2.0-', timeoutMs, signal)
}

/** Whether an HTTP server answers at all within `timeoutMs` milliseconds. */
export function httpAnswers(target: ProbeTarget, timeoutMs: number, signal: AbortSignal) {
  const request = `GET /api HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`
  return answerStarts(target, request, 'HTTP/1.', timeoutMs, signal)
}

function answerStarts(
  { host, port }: ProbeTarget,
  request: string,
  start: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  const socket = createConnection({ host, port })
  return new Promise((resolve) => {
    let heard = ''
    const settle = (answers: boolean) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(answers)
    }
    const onAbort = () => settle(false)
    const timer = setTimeout(() => settle(false), timeoutMs)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('error', () => settle(false)).on('close', () => settle(false))
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      if (heard.length >= start.length) settle(heard.startsWith(start))
    })
    if (request !== '') socket.write(request)
  })
}
