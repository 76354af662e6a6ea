import { createConnection } from 'node:net'
import type { MachinePorts } from '../port-forwards.ts'
import type { QemuProcess } from '../qemu/qemu-process.ts'

export type ProbeTarget = { readonly host: string; readonly port: number }

/** Asks whether the machine of a process is of use: SSH answers and, where the image has it, Jupyter too. */
export type Readiness = (
  process: QemuProcess,
  ports: MachinePorts | null,
  signal: AbortSignal,
) => Promise<boolean>

type Heard = { askedAt: number; sshAt: number; jupyterAt: number; answer: Promise<boolean> }

const probeTimeoutMs = 2_000
const askAgainMs = 800
const trustMs = 30_000

/**
 * Each connection makes a booting guest fork and costs it time it has little of, so one question is
 * asked for all who want to know, at most every 0.8 s, and what answered is not asked again for 30 s.
 */
export function makeReadiness(now: () => number = Date.now): Readiness {
  const known = new Map<string, Heard>()
  return async ({ pid, startTicks }, ports, signal) => {
    if (ports === null) return false
    const key = `${pid}/${startTicks}`
    const before = known.get(key)
    if (before !== undefined && now() - before.askedAt < askAgainMs) return before.answer
    const heard: Heard = {
      askedAt: now(),
      sshAt: before?.sshAt ?? Number.NEGATIVE_INFINITY,
      jupyterAt: before?.jupyterAt ?? Number.NEGATIVE_INFINITY,
      answer: Promise.resolve(false),
    }
    heard.answer = ask(heard, ports, now, signal)
    known.set(key, heard)
    for (const [old, { askedAt }] of known) if (now() - askedAt > 10 * trustMs) known.delete(old)
    return heard.answer
  }
}

async function ask(
  heard: Heard,
  ports: MachinePorts,
  now: () => number,
  signal: AbortSignal,
): Promise<boolean> {
  const at = (port: number): ProbeTarget => ({ host: '127.0.0.1', port })
  if (now() - heard.sshAt > trustMs) {
    if (!(await sshAnswers(at(ports.ssh), probeTimeoutMs, signal))) return false
    heard.sshAt = now()
  }
  if (ports.jupyter === null || now() - heard.jupyterAt <= trustMs) return true
  if (!(await httpAnswers(at(ports.jupyter), probeTimeoutMs, signal))) return false
  heard.jupyterAt = now()
  return true
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
