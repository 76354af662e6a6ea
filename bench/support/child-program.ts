import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Another process of this benchmark, asked over its IPC channel: secrets are on no command line. */
export type ChildProgram<Request, Answer> = {
  readonly pid: number
  /** Rejects when the program fails, ends, or does not answer within `limitMs`. */
  ask(request: Request, limitMs?: number): Promise<Answer>
  stop(): Promise<void>
}

type Sent<Request> = { readonly id: number; readonly request: Request }
type Answered<Answer> = { readonly id: number; readonly answer?: Answer; readonly error?: string }
type Waiting<Answer> = { resolve: (answer: Answer) => void; reject: (error: Error) => void }

const stopMs = 15_000

/** How the platform is started, too, so that its processes stay small. */
export type ProgramOptions = {
  readonly node: readonly string[]
  readonly env: Readonly<Record<string, string>>
}
const plain: ProgramOptions = { node: [], env: {} }
/** A small space for new objects, few arenas of the C library, and code that was compiled once before. */
export const asInstalled: ProgramOptions = {
  node: ['--max-semi-space-size=4'],
  env: {
    MALLOC_ARENA_MAX: '2',
    NODE_COMPILE_CACHE: join(tmpdir(), `leasehold-bench-code-${process.getuid?.() ?? 0}`),
  },
}

/** Starts `file` with Node; what it writes goes to `logFile`. */
export function startProgram<Request, Answer>(
  file: URL,
  logFile: string,
  { node, env }: ProgramOptions = plain,
): ChildProgram<Request, Answer> {
  const output = openSync(logFile, 'a')
  const child = fork(file, {
    stdio: ['ignore', output, output, 'ipc'],
    execArgv: [...process.execArgv, ...node],
    env: { ...process.env, ...env },
  })
  closeSync(output)
  const waiting = new Map<number, Waiting<Answer>>()
  let count = 0
  const failAll = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  child.on('message', (message: Answered<Answer>) => {
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.error !== undefined) asked?.reject(new Error(message.error))
    else asked?.resolve(message.answer as Answer)
  })
  child.on('error', failAll)
  child.on('exit', (code) => failAll(new Error(`A program ended with ${code}: see ${logFile}.`)))
  return {
    pid: child.pid ?? 0,
    ask: (request, limitMs = 120_000) =>
      new Promise((resolve, reject) => {
        const id = ++count
        const giveUp = () => reject(new Error(`No answer within ${limitMs} ms: see ${logFile}.`))
        const timer = setTimeout(giveUp, limitMs)
        const settle = (work: () => void) => {
          clearTimeout(timer)
          work()
        }
        waiting.set(id, {
          resolve: (answer) => settle(() => resolve(answer)),
          reject: (error) => settle(() => reject(error)),
        })
        const message: Sent<Request> = { id, request }
        child.send(message, (error) => error !== null && failAll(error))
      }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
      child.disconnect()
      await once(child, 'exit')
      clearTimeout(timer)
    },
  }
}

/** The other side: answers every request of the parent, and ends with it. */
export function answerParent<Request, Answer>(
  answer: (request: Request) => Promise<Answer>,
  close: () => Promise<void>,
): void {
  process.on('message', async ({ id, request }: Sent<Request>) => {
    const message: Answered<Answer> = await answer(request).then(
      (given) => ({ id, answer: given }),
      (error: Error) => ({ id, error: error.stack ?? error.message }),
    )
    process.send?.(message)
  })
  process.on('disconnect', () => {
    close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
}
