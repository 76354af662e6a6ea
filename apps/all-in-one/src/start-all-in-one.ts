import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { composeApi } from '@leasehold/api'
import type { Config } from '@leasehold/config'
import { developmentOrganizations, startDevIssuer } from '@leasehold/dev-issuer'
import { composeGateway } from '@leasehold/gateway'
import { type Logger, makeMetrics } from '@leasehold/observability'
import {
  type OpenPools,
  offersOfPools,
  openPlatform,
  type Platform,
  type TokenSource,
} from '@leasehold/wiring'
import { composeWorker } from '@leasehold/worker'
import { rememberPorts } from './remembered-ports.ts'
import { seedCatalogue, seedTenants } from './seed-installation.ts'

export type AllInOne = {
  readonly api: string
  readonly operator: string
  readonly gateway: string
  readonly issuer: string
  readonly ssh: string
  close(): Promise<void>
}

type Closer = () => Promise<void>

/**
 * Starts every app in this process, on embedded parts where nothing else is configured. `openPools`
 * replaces the configured pools: crash tests keep their machines outside the process that they kill.
 */
export async function startAllInOne(
  wanted: Config,
  log: Logger,
  signal: AbortSignal,
  openPools?: OpenPools,
): Promise<AllInOne> {
  const closers: Closer[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse())
      await closer().catch((err) => log.error({ err }, 'could not be closed'))
  }
  try {
    return { ...(await start(wanted, log, signal, openPools, closers)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(
  wanted: Config,
  log: Logger,
  signal: AbortSignal,
  openPools: OpenPools | undefined,
  closers: Closer[],
): Promise<Omit<AllInOne, 'close'>> {
  await mkdir(wanted.stateFolder, { recursive: true })
  const config = await withRealPorts(wanted)
  const identity = await openIdentity(config, log, closers)
  const platform = await openPlatform(config, identity, log, signal, openPools)
  closers.push(() => platform.close())
  await seedCatalogue(platform, offersOfPools(config.pools))
  if (config.identity.kind === 'development') await seedTenants(platform, developmentOrganizations)
  return serve(config, identity, platform, closers)
}

async function serve(
  config: Config,
  identity: TokenSource,
  platform: Platform,
  closers: Closer[],
): Promise<Omit<AllInOne, 'close'>> {
  const metrics = makeMetrics()
  metrics.levelsFrom(async () => ({
    ...(await platform.levels()),
    queueDepth: await platform.queue.depth(),
  }))
  const observed = { ...platform, metrics, observeJob: metrics.observeJob }
  const api = composeApi(config, observed)
  const gateway = composeGateway(config, observed)
  const worker = composeWorker(config, observed)
  closers.push(
    () => api.close(),
    () => gateway.close(),
    () => worker.close(),
  )
  await api.start()
  await gateway.start()
  await worker.start()
  const { gateway: door } = config
  return {
    api: config.api.publicUrl ?? urlOf(config.api),
    operator: config.operator.publicUrl ?? urlOf(config.operator),
    gateway: door.publicUrl ?? urlOf(door),
    issuer: identity.issuer,
    ssh: `${door.sshHost}:${door.sshPort}`,
  }
}

/** Ports that were left open become real ones, the same at every start. */
async function withRealPorts(config: Config): Promise<Config> {
  const { api, operator, runApi, gateway, identity } = config
  const wanted = {
    api: api.port,
    operator: operator.port,
    runApi: runApi.port,
    gateway: gateway.port,
    ssh: gateway.sshPort,
    ...(identity.kind === 'development' ? { issuer: identity.port } : {}),
  }
  const ports = await rememberPorts(config.stateFolder, wanted, '127.0.0.1')
  const of = (name: string, fallback: number) => ports[name] ?? fallback
  return {
    ...config,
    api: { ...api, port: of('api', api.port) },
    operator: { ...operator, port: of('operator', operator.port) },
    runApi: { ...runApi, port: of('runApi', runApi.port) },
    gateway: {
      ...gateway,
      port: of('gateway', gateway.port),
      sshPort: of('ssh', gateway.sshPort),
    },
    identity:
      identity.kind === 'development'
        ? { ...identity, port: of('issuer', identity.port) }
        : identity,
  }
}

async function openIdentity(
  { identity, stateFolder }: Config,
  log: Logger,
  closers: Closer[],
): Promise<TokenSource> {
  if (identity.kind === 'oidc') return identity
  const { host, port, realm, audience, allowNetwork } = identity
  const issuer = await startDevIssuer({
    folder: join(stateFolder, 'issuer'),
    host,
    port,
    realm,
    audience,
    allowNetwork,
    announce: (line) => log.warn({}, line),
  })
  closers.push(() => issuer.stop())
  return { issuer: issuer.issuer, audience, jwksUrl: issuer.jwksUrl, directory: issuer.members }
}

function urlOf({ host, port, tls }: Pick<Config['api'], 'host' | 'port' | 'tls'>): string {
  return `${tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
