import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { makeCertificateAuthority } from '@leasehold/testing/certificates'
import { freePorts } from '../free-ports.ts'
import { type RedisProcess, startRedisProcess } from './redis-process.ts'

export type StartRedisOptions = {
  /** Where its data, configuration and certificates are. */
  readonly folder: string
  readonly signal?: AbortSignal
  /** TLS only, with a certificate authority of its own. */
  readonly tls?: boolean
  /** A user of its own with just the rights that Leasehold needs; the default user is off. */
  readonly accessList?: boolean
}

/** A Redis as an operator would run it for Leasehold. */
export type StartedRedis = {
  /** For `REDIS_URL`; holds the password. */
  readonly url: string
  /** For `REDIS_CA_FILE`; null without TLS. */
  readonly caFile: string | null
  readonly port: number
  /** Ends the server as a power cut would, and keeps its port, to play an outage. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** What `packages/queue/README.md` tells operators to give the user of Leasehold. */
export const accessRules =
  '~{leasehold}:* resetchannels -@all +@read +@write +@blocking +@connection +@scripting +@transaction +info +time +cluster|slots +cluster|info'

/** Starts Debian's Redis on a free port of 127.0.0.1: with a password, with persistence, never evicting. */
export async function startRedis(options: StartRedisOptions): Promise<StartedRedis> {
  const { folder, signal, tls = false, accessList = false } = options
  await mkdir(folder, { recursive: true })
  const [port = 0] = await freePorts(1)
  const password = randomBytes(18).toString('base64url')
  const secured = await portLines(folder, port, tls)
  const user = accessList
    ? ['user default off', `user leasehold on >${password} ${accessRules}`]
    : [`requirepass ${password}`]
  const server: RedisProcess = await startRedisProcess({
    folder,
    port,
    signal,
    lines: [...usualLines, ...secured.lines, ...user],
  })
  const name = accessList ? 'leasehold' : ''
  return {
    url: `${tls ? 'rediss' : 'redis'}://${name}:${password}@127.0.0.1:${port}/0`,
    caFile: secured.caFile,
    port,
    start: server.start,
    stop: server.stop,
  }
}

/** As an operator would set them: nothing is evicted, and what was written is there after a restart. */
export const usualLines = ['maxmemory-policy noeviction', 'appendonly yes', 'save ""'] as const

async function portLines(folder: string, port: number, tls: boolean) {
  if (!tls) return { caFile: null, lines: [`port ${port}`] }
  const authority = await makeCertificateAuthority(folder)
  const { certificateFile, keyFile } = await authority.issue('redis')
  return {
    caFile: authority.caFile,
    lines: [
      'port 0',
      `tls-port ${port}`,
      `tls-cert-file ${certificateFile}`,
      `tls-key-file ${keyFile}`,
      `tls-ca-cert-file ${authority.caFile}`,
      'tls-auth-clients no',
    ],
  }
}
