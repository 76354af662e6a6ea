import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

const agentRoot = path.resolve(import.meta.dirname, '../../../../guest/agent')

/** The real agent as a process here, with a Unix socket in the place of the virtio-serial port. */
export type AgentProcess = {
  readonly pid: number
  readonly work: string
  /** Everything the agent said on its port, line by line, after it was asked and told to start. */
  readonly said: readonly string[]
  readonly errors: () => string
  /** Exit status of the agent. */
  ended(deadlineMs?: number): Promise<number | null>
  close(): Promise<void>
}

/** Starts the agent and gives it `startLine`. The script runs as our own user, identity is kept, nothing powers off. */
export async function startAgent(
  startLine: object,
  options: readonly string[] = [],
): Promise<AgentProcess> {
  const folder = await mkdtemp(path.join(tmpdir(), 'leasehold-agent-'))
  const portPath = path.join(folder, 'port')
  const work = path.join(folder, 'work')
  const said: string[] = []
  const listener = createServer((socket) => speak(socket, startLine, said))
  await new Promise<void>((resolve) => listener.listen(portPath, resolve))
  const child = spawnAgent(folder, portPath, work, options)
  let errors = ''
  child.stderr?.on('data', (piece: Buffer) => {
    errors += piece.toString()
  })
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  return {
    pid: child.pid ?? -1,
    work,
    said,
    errors: () => errors,
    ended: async (deadlineMs = 20_000) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
      return exited.finally(() => clearTimeout(timer))
    },
    close: async () => {
      child.kill('SIGKILL')
      await exited
      await new Promise((resolve) => listener.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function spawnAgent(
  folder: string,
  portPath: string,
  work: string,
  options: readonly string[],
): ChildProcess {
  const flags = ['--port', portPath, '--work', work, '--spool', folder, '--user', '']
  const kept = ['--identity', 'kept', '--at-end', 'exit', '--ring-bytes', '1048576']
  return spawn('python3', ['-B', '-m', 'leasehold_run_agent', ...flags, ...kept, ...options], {
    cwd: agentRoot,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  })
}

/** Asks whether anybody is there, then gives the start line. */
function speak(socket: Socket, startLine: object, said: string[]): void {
  let text = ''
  socket.on('error', () => socket.destroy())
  socket.write('\n')
  socket.on('data', (piece: Buffer) => {
    text += piece.toString()
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      said.push(line)
      if (JSON.parse(line).agent === 'waiting') socket.write(`${JSON.stringify(startLine)}\n`)
    }
  })
}
