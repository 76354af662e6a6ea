import { spawn } from 'node:child_process'
import type { ExecPlugin } from './kubeconfig.ts'

/** What a credential plugin answered. */
export type PluginCredential = {
  readonly token: string | null
  readonly clientCertificate: string | null
  readonly clientKey: string | null
  /** Milliseconds since 1970; null when it does not say. */
  readonly expiresAt: number | null
}

const timeLimitMs = 30_000
const mostBytes = 1_048_576

/**
 * Runs a credential plugin (`client.authentication.k8s.io`). Variables reach it by a pipe, never by arguments, which
 * others on the machine could read; what it prints never gets into an error.
 */
export async function runExecPlugin(plugin: ExecPlugin, server: string): Promise<PluginCredential> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(plugin.providesClusterInfo ? { cluster: { server } } : {}) },
  }
  const variables = [...plugin.env, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }]
  const badName = variables.find(({ name }) => !/^[A-Za-z_]\w*$/.test(name))
  if (badName !== undefined) throw new Error('the credential plugin has a variable without a name')
  const exports = variables.map(
    ({ name, value }) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`,
  )
  return toCredential(await outputOf(plugin, exports.join('')), plugin.command)
}

function outputOf({ command, args }: ExecPlugin, exports: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const script = 'eval "$(cat <&3)"; exec 3<&-; exec "$0" "$@"'
    const child = spawn('/bin/sh', ['-c', script, command, ...args], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
      timeout: timeLimitMs,
      killSignal: 'SIGKILL',
    })
    const pieces: Buffer[] = []
    let bytes = 0
    child.stdout?.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes > mostBytes) child.kill('SIGKILL')
      else pieces.push(piece)
    })
    const variables = child.stdio[3] as NodeJS.WritableStream
    variables.on('error', () => {})
    variables.end(exports)
    child.on('error', () => reject(new Error('cannot start /bin/sh for the credential plugin')))
    child.on('close', (code, killedBy) => {
      if (code === 0) return resolve(Buffer.concat(pieces).toString('utf8'))
      const how = code === null ? `was ended by ${killedBy}` : `exited with ${code}`
      reject(new Error(`the credential plugin ${command} ${how}: run it by hand to see why`))
    })
  })
}

function toCredential(output: string, command: string): PluginCredential {
  let status: Record<string, unknown> | undefined
  try {
    status = JSON.parse(output).status
  } catch {
    throw new Error(`the credential plugin ${command} printed no JSON`)
  }
  const text = (key: string) => {
    const value = status?.[key]
    return typeof value === 'string' && value !== '' ? value : null
  }
  const expiresAt = Date.parse(text('expirationTimestamp') ?? '')
  const credential = {
    token: text('token'),
    clientCertificate: text('clientCertificateData'),
    clientKey: text('clientKeyData'),
    expiresAt: Number.isNaN(expiresAt) ? null : expiresAt,
  }
  if (credential.token === null && credential.clientCertificate === null)
    throw new Error(`the credential plugin ${command} answered without a token or a certificate`)
  return credential
}
