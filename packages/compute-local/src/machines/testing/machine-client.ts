import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { MachineAddress } from '@leasehold/domain'
import { WebSocket } from 'ws'
import { executeInKernel } from '../../../../../scripts/client/execute-in-kernel.ts'

const run = promisify(execFile)

export type KeyPair = {
  readonly path: string
  readonly publicLine: string
  readonly privateText: string
}

/** A fresh ed25519 key in OpenSSH form. */
export async function makeKeyPair(folder: string, name: string): Promise<KeyPair> {
  const path = join(folder, name)
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path])
  const publicLine = (await readFile(`${path}.pub`, 'utf8')).trim()
  return { path, publicLine, privateText: await readFile(path, 'utf8') }
}

/** Runs a command over a real ssh client that trusts this host key and no other. Throws what ssh printed. */
export async function overSsh(
  address: MachineAddress,
  key: KeyPair,
  hostKey: string,
  command: string,
): Promise<string> {
  const known = `${key.path}.known`
  await writeFile(known, `[${address.host}]:${address.sshPort} ${hostKey}\n`)
  const options = [
    ...['StrictHostKeyChecking=yes', `UserKnownHostsFile=${known}`, 'BatchMode=yes'],
    ...['IdentitiesOnly=yes', 'LogLevel=ERROR', 'ConnectTimeout=30'],
  ]
  const args = [
    ...options.flatMap((option) => ['-o', option]),
    ...['-i', key.path, '-p', String(address.sshPort), `leasehold@${address.host}`, command],
  ]
  return (await run('ssh', args, { timeout: 60_000 })).stdout
}

/** Executes Python in a new kernel and gives what it printed. */
export async function overJupyter(
  address: MachineAddress,
  token: string,
  code: string,
): Promise<string> {
  const base = `${address.host}:${address.jupyterPort}/api/kernels`
  const headers = { authorization: `token ${token}` }
  const signal = AbortSignal.timeout(60_000)
  const made = await fetch(`http://${base}`, { method: 'POST', headers, signal })
  if (made.status !== 201) throw new Error(`Jupyter answered ${made.status}`)
  const { id } = (await made.json()) as { id: string }
  const socket = new WebSocket(`ws://${base}/${id}/channels`, { headers })
  try {
    return await executeInKernel(socket, code, 120_000)
  } finally {
    socket.close()
  }
}
