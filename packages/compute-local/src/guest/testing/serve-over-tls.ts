import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const root = resolve(import.meta.dirname, '../../../../..')

/** One file behind https, with a certificate of an authority of its own that only `run` trusts. */
export type TlsServer = AsyncDisposable & {
  readonly address: string
  /** Runs a program of this repository that trusts the authority, and gives what it printed. */
  run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string>
}

export async function serveOverTls(path: string): Promise<TlsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  await execute('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '2', '-subj', '/CN=images.test', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', key, '-out', certificate],
  ])
  const { size } = await stat(path)
  const identity = { key: await readFile(key), cert: await readFile(certificate) }
  const server = createServer(identity, (_request, response) => {
    response.writeHead(200, { 'content-length': size })
    createReadStream(path).pipe(response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    address: `https://127.0.0.1:${port}/cloud.qcow2`,
    run: async (args, env) => {
      const all = { PATH: '/usr/bin:/bin', ...env, NODE_EXTRA_CA_CERTS: certificate }
      const options = { cwd: root, env: all, timeout: 120_000 }
      return (await execute(process.execPath, [...args], options)).stdout
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
