import type { AddressInfo, Server } from 'node:net'
import { type CertificateFiles, makeLeaseOrigins, openServerCertificate } from '@leasehold/access'
import {
  type AccessSecrets,
  type AccessStore,
  type Clock,
  defaultRentalRules,
  type Ids,
  type LeaseStore,
  type Log,
  makeExchangeJupyterCode,
  makeResolveJupyterSession,
  type Pools,
  type RentalRules,
  type ResolveJupyterSession,
} from '@leasehold/application'
import type { Check } from '@leasehold/observability'
import type { FastifyInstance } from 'fastify'
import { makeOpenConnections } from './connections/open-connections.ts'
import { defaultGatewayLimits, type GatewayLimits } from './gateway-limits.ts'
import { makeGatewayApp } from './http/gateway-app.ts'
import type { GatewayMetrics } from './http/health.ts'
import { makeFindJupyterDoor } from './http/jupyter-door.ts'
import { type LocalDoors, makeLocalDoors } from './machines/local-doors.ts'
import { makeJumpHost } from './ssh/jump-host.ts'
import { makeFindReadyLease } from './ssh/ready-leases.ts'

/** The part of the configuration that the gateway needs. */
export type GatewayConfig = {
  readonly gateway: {
    readonly host: string
    readonly port: number
    readonly publicUrl: string | null
    readonly domain: string
    readonly tls?: CertificateFiles | null
    readonly sshHost: string
    readonly sshPort: number
  }
}

/** The part of the platform that the gateway needs. */
export type GatewayPlatform = {
  readonly clock: Clock
  readonly ids: Pick<Ids, 'secret' | 'sha256'>
  readonly leases: Pick<LeaseStore, 'find' | 'findAnyTenant'>
  readonly access: Pick<AccessStore, 'exchangeCode' | 'findSession' | 'revokeLease'>
  readonly secrets: Pick<AccessSecrets, 'jupyterToken' | 'gatewayHostKey'>
  /** Absent: every machine is reached by its address. */
  readonly pools?: Pick<Pools, 'find'>
  readonly log: Log
  readonly rules?: RentalRules
  /** Of all the platform's parts the gateway needs this one only. */
  readonly checks: { readonly database: Check }
  readonly metrics?: GatewayMetrics
}

export type Gateway = {
  readonly httpApp: FastifyInstance
  readonly sshServer: Server
  /** Listens on both addresses of the configuration; gives back the real ports. */
  start(): Promise<{ readonly httpPort: number; readonly sshPort: number }>
  /** Takes no more, and cuts what is open. */
  close(): Promise<void>
}

export function composeGateway(
  { gateway }: GatewayConfig,
  platform: GatewayPlatform,
  limits: GatewayLimits = defaultGatewayLimits,
): Gateway {
  const { leases, secrets, log, clock, rules = defaultRentalRules } = platform
  const sessions = { ...platform, rules }
  const now = () => clock.now()
  const connections = makeOpenConnections({
    checkEveryMs: limits.checkEveryMs,
    maxPerLease: limits.connectionsPerLease,
    log,
  })
  const doors = makeLocalDoors({
    pools: platform.pools ?? noPools,
    connectMs: limits.sshConnectMs,
    log,
  })
  const httpApp = makeGatewayApp({
    origins: makeLeaseOrigins(gateway),
    certificate: gateway.tls == null ? null : openServerCertificate(gateway.tls, log),
    exchangeCode: makeExchangeJupyterCode(sessions),
    findDoor: makeFindJupyterDoor(throughDoors(makeResolveJupyterSession(sessions), doors), now),
    connections,
    limits,
    now,
    log,
    checks: { database: platform.checks.database },
    metrics: platform.metrics ?? null,
  })
  const sshServer = makeJumpHost({
    hostKey: secrets.gatewayHostKey(),
    findReadyLease: makeFindReadyLease(leases, doors.addressOf, now),
    connections,
    limits,
    log,
  })
  return {
    httpApp,
    sshServer,
    start: async () => {
      await httpApp.listen({ host: gateway.host, port: gateway.port })
      const { port: httpPort } = httpApp.server.address() as AddressInfo
      return { httpPort, sshPort: await listen(sshServer, gateway.sshHost, gateway.sshPort) }
    },
    close: async () => {
      const sshClosed = sshServer.listening
        ? new Promise((resolve) => sshServer.close(resolve))
        : Promise.resolve()
      connections.close()
      await Promise.all([httpApp.close(), sshClosed])
      await doors.close()
    },
  }
}

const noPools: Pick<Pools, 'find'> = { find: () => null }

/** Sessions lead to where their machine answers for this process. */
function throughDoors(resolve: ResolveJupyterSession, doors: LocalDoors): ResolveJupyterSession {
  return async (leaseId, session) => {
    const found = await resolve(leaseId, session)
    return found && { ...found, address: await doors.addressOf({ ...found, id: leaseId }) }
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}
