import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { endProcess, hasEnded } from '../end-process.ts'

/** What every started store has: the fields are those that `S3_*` settings want. */
export type StartedStore = {
  readonly endpoint: string
  /** Where its IAM API is; the same as `endpoint` where S3 answers it. */
  readonly iamEndpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** The processes, for tests that kill or freeze them. */
  readonly pids: () => readonly number[]
  stop(): Promise<void>
}

export type ServerSpec = {
  readonly program: string
  readonly words: readonly string[]
  /** All of its environment; secrets go here, never into `words`. */
  readonly environment: Readonly<Record<string, string>>
  /** Answers with any status below 500 once the server works. */
  readonly readyUrl: string
  readonly signal: AbortSignal
}

const readyLimitMs = 60_000

/** Starts one server and waits until it answers. It does not outlive its starter's `stop`. */
export async function startServer(spec: ServerSpec): Promise<ChildProcess> {
  const child = spawn(spec.program, spec.words, {
    env: { PATH: '/usr/bin:/bin', ...spec.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const hear = (chunk: Buffer) => {
    said = (said + chunk).slice(-4_000)
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  child.once('error', (error) => {
    said += error.message
  })
  const deadline = performance.now() + readyLimitMs
  while (!(await answers(spec.readyUrl))) {
    const over = performance.now() > deadline || spec.signal.aborted || hasEnded(child)
    if (!over) {
      await delay(50)
      continue
    }
    await endProcess(child, 'SIGTERM')
    spec.signal.throwIfAborted()
    throw new Error(`${spec.program} did not answer ${spec.readyUrl}. It said:\n${said}`)
  }
  return child
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    ({ status }) => status < 500,
    () => false,
  )
}
