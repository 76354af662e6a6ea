import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@leasehold/dev-cluster'
import { endProcess } from '../end-process.ts'
import { freePorts } from '../free-ports.ts'
import { buildStore } from './build-store.ts'
import { type StartedStore, startServer } from './store-process.ts'

export type StartVersitygwOptions = {
  /** Where its data and its users are; the path must be short enough for a socket's name. */
  readonly folder: string
  readonly log: Log
  readonly signal: AbortSignal
}

/** The Versity gateway over a folder, and beside it the service that keeps its users (IAM API). */
export async function startVersitygw(options: StartVersitygwOptions): Promise<StartedStore> {
  const { folder, log, signal } = options
  const program = await buildStore('versitygw', log, signal)
  const [data, users, socket] = ['data', 'users', 'iam.sock'].map((name) => join(folder, name))
  for (const made of [data, users]) await mkdir(made ?? '', { recursive: true, mode: 0o700 })
  const [port, iamPort] = await freePorts(2)
  const key = {
    accessKeyId: 'leasehold-platform',
    secretAccessKey: randomBytes(24).toString('base64url'),
  }
  const endpoint = `http://127.0.0.1:${port}`
  const iamEndpoint = `http://127.0.0.1:${iamPort}`
  const start = (listen: number | undefined, words: readonly string[]) =>
    startServer({
      program,
      words: ['--port', `127.0.0.1:${listen}`, '--health', '/healthz', '--quiet', ...words],
      environment: {
        HOME: folder,
        ROOT_ACCESS_KEY: key.accessKeyId,
        ROOT_SECRET_KEY: key.secretAccessKey,
      },
      readyUrl: `http://127.0.0.1:${listen}/healthz`,
      signal,
    })
  const private_ = ['--private-ports', socket ?? '']
  const iam = await start(iamPort, ['iam', '--dir', users ?? '', ...private_])
  try {
    const gateway = await start(port, [
      '--iam-standalone-endpoint',
      socket ?? '',
      'posix',
      data ?? '',
    ])
    return {
      ...{ endpoint, iamEndpoint, region: 'us-east-1', ...key },
      pids: () => [gateway.pid ?? 0, iam.pid ?? 0],
      stop: async () => {
        await endProcess(gateway, 'SIGTERM')
        await endProcess(iam, 'SIGTERM')
      },
    }
  } catch (error) {
    await endProcess(iam, 'SIGTERM')
    throw error
  }
}
