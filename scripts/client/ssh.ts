import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { waitFor } from './wait-for.ts'

const run = promisify(execFile)

export type SshResult = { readonly code: number; readonly stdout: string; readonly stderr: string }

export type SshIdentity = {
  readonly publicKey: string
  /**
   * Runs a ready `ssh` command, as the API gives it, with `remote` appended: what a person would
   * paste into a shell. The key is offered by an agent, so the command needs no change.
   */
  run(sshCommand: string, remote: string, timeoutMs?: number): Promise<SshResult>
  /** Ends the agent and removes the key. */
  close(): Promise<void>
}

/** A fresh key with an agent of its own; nothing of the person's own keys is used or touched. */
export async function openSshIdentity(comment: string): Promise<SshIdentity> {
  const folder = await mkdtemp(path.join(tmpdir(), 'leasehold-ssh-'))
  const keyFile = path.join(folder, 'key')
  const socket = path.join(folder, 'agent')
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', keyFile])
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  const env = { ...process.env, SSH_AUTH_SOCK: socket }
  await waitFor('the SSH agent', () => addKey(keyFile, env), Boolean, {
    withinMs: 10_000,
    everyMs: 50,
  })
  return {
    publicKey: (await readFile(`${keyFile}.pub`, 'utf8')).trim(),
    run: (sshCommand, remote, timeoutMs = 60_000) =>
      runCommand(`${sshCommand} -- ${quoted(remote)}`, env, timeoutMs),
    close: async () => {
      await ended(agent)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function addKey(keyFile: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  return await run('ssh-add', ['-q', keyFile], { env }).then(
    () => true,
    () => false,
  )
}

function runCommand(line: string, env: NodeJS.ProcessEnv, timeoutMs: number): Promise<SshResult> {
  return new Promise((resolve) => {
    const options = { env, timeout: timeoutMs, maxBuffer: 4 << 20 }
    const child = execFile('sh', ['-c', `exec ${line}`], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255
      resolve({
        code,
        stdout,
        stderr: error?.killed ? `${stderr}(no end after ${timeoutMs} ms)` : stderr,
      })
    })
    child.stdin?.end()
  })
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
