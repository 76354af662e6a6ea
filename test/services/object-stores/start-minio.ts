import { randomBytes } from 'node:crypto'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '@leasehold/dev-cluster'
import type { Certificate } from '@leasehold/testing/certificates'
import { endProcess } from '../end-process.ts'
import { freePorts } from '../free-ports.ts'
import { buildStore } from './build-store.ts'
import { type StartedStore, startServer } from './store-process.ts'

export type StartMinioOptions = {
  /** Where its data is. */
  readonly folder: string
  readonly log: Log
  readonly signal: AbortSignal
  /** With a key of its own to encrypt with (SSE-S3); the default. Without, it refuses to encrypt. */
  readonly encryption?: boolean
  /** Speaks TLS with it. Whoever starts it has to trust it, to see that it is ready. */
  readonly certificate?: Certificate
}

/** MinIO on a free port of 127.0.0.1, one disk, no console, calling nobody. */
export async function startMinio(options: StartMinioOptions): Promise<StartedStore> {
  const { folder, log, signal, encryption = true, certificate } = options
  const program = await buildStore('minio', log, signal)
  const data = join(folder, 'data')
  await mkdir(data, { recursive: true, mode: 0o700 })
  const [port] = await freePorts(1)
  const endpoint = `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  const tls = certificate === undefined ? [] : await certificateFolder(folder, certificate)
  const key = {
    accessKeyId: 'leasehold-platform',
    secretAccessKey: randomBytes(24).toString('base64url'),
  }
  const child = await startServer({
    program,
    words: ['server', '--quiet', '--address', `127.0.0.1:${port}`, ...tls, data],
    environment: {
      HOME: folder,
      MINIO_ROOT_USER: key.accessKeyId,
      MINIO_ROOT_PASSWORD: key.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      GOMEMLIMIT: '300MiB',
      ...(encryption
        ? { MINIO_KMS_SECRET_KEY: `leasehold:${randomBytes(32).toString('base64')}` }
        : {}),
    },
    readyUrl: `${endpoint}/minio/health/ready`,
    signal,
  })
  return {
    ...{ endpoint, iamEndpoint: endpoint, region: 'us-east-1', ...key },
    pids: () => [child.pid ?? 0],
    stop: () => endProcess(child, 'SIGTERM'),
  }
}

/** Under the names that it looks for. */
async function certificateFolder(folder: string, certificate: Certificate): Promise<string[]> {
  const certificates = join(folder, 'certificates')
  await mkdir(certificates, { recursive: true, mode: 0o700 })
  await copyFile(certificate.certificateFile, join(certificates, 'public.crt'))
  await copyFile(certificate.keyFile, join(certificates, 'private.key'))
  return ['--certs-dir', certificates]
}
