import { createHash, randomBytes } from 'node:crypto'
import { makeAccessSecrets } from '@leasehold/access'
import { type AccessGrant, defaultRentalRules, makeOpenJupyterLink } from '@leasehold/application'
import type {
  ImageName,
  Lease,
  LeaseId,
  MachineTypeName,
  MemberId,
  PoolName,
  Ready,
  Stopping,
  TenantId,
} from '@leasehold/domain'
import { makeMetrics } from '@leasehold/observability'
import { composeGateway, defaultGatewayLimits, type GatewayLimits } from '../src/index.ts'

export const tenantId = 'ten_acme' as TenantId
const memberId = 'u-olivia' as MemberId

/** Stores in memory with the promises of the real ones, as far as the gateway relies on them. */
function openStores() {
  const leases = new Map<string, Lease>()
  const codes = new Map<string, AccessGrant>()
  const sessions = new Map<string, AccessGrant>()
  const state = { isDown: false, reads: 0 }
  const read = () => {
    state.reads += 1
    if (state.isDown) throw new Error('connection refused')
  }
  const removeOf = (grants: Map<string, AccessGrant>, id: LeaseId) => {
    for (const [key, grant] of grants) if (grant.leaseId === id) grants.delete(key)
  }
  return {
    state,
    leases: {
      put: (lease: Lease) => void leases.set(lease.id, lease),
      find: async (tenant: TenantId, id: LeaseId) => {
        read()
        const lease = leases.get(id)
        return lease?.tenantId === tenant ? lease : null
      },
      findAnyTenant: async (id: LeaseId) => {
        read()
        return leases.get(id) ?? null
      },
    },
    access: {
      storeCode: async (hash: string, grant: AccessGrant) => void codes.set(hash, grant),
      exchangeCode: async (hash: string, session: string, now: number, expiresAt: number) => {
        read()
        const grant = codes.get(hash)
        codes.delete(hash)
        if (grant === undefined || grant.expiresAt <= now) return null
        sessions.set(session, { ...grant, expiresAt })
        return grant
      },
      findSession: async (hash: string, now: number) => {
        read()
        const grant = sessions.get(hash)
        return grant !== undefined && grant.expiresAt > now ? grant : null
      },
      revokeLease: async (id: LeaseId) => {
        removeOf(codes, id)
        removeOf(sessions, id)
      },
    },
  }
}

/** A gateway on free ports of this computer, with a clock that only moves when told to. */
export async function openGateway(
  limits: Partial<GatewayLimits> = {},
  publicUrl: string | null = null,
) {
  const stores = openStores()
  const time = { now: 1_800_000_000_000 }
  const clock = { now: () => time.now }
  const ids = {
    secret: () => randomBytes(32).toString('base64url'),
    sha256: (text: string) => createHash('sha256').update(text).digest('base64'),
  }
  const secrets = makeAccessSecrets(new Uint8Array(32).fill(1))
  const lines: { fields: object; message: string }[] = []
  const note = (fields: object, message: string) => void lines.push({ fields, message })
  const log = { info: note, warn: note, error: note }
  const checks = { database: async () => stores.leases.findAnyTenant('lse_x' as LeaseId) }
  const place = { host: '127.0.0.1', port: 0, sshHost: '127.0.0.1', sshPort: 0 }
  const gateway = composeGateway(
    { gateway: { ...place, domain: 'localhost', publicUrl } },
    { ...stores, clock, ids, secrets, log, checks, metrics: makeMetrics() },
    { ...defaultGatewayLimits, checkEveryMs: 20, ...limits },
  )
  const ports = await gateway.start()
  const openLink = makeOpenJupyterLink({
    ...stores,
    ids,
    clock,
    rules: defaultRentalRules,
    jupyterOrigin: (id) => `http://${hostOf(id)}`,
  })
  return {
    ...ports,
    gateway,
    stores,
    secrets,
    time,
    lines,
    put: (lease: Lease) => stores.leases.put(lease),
    /** The path of a link that opens a lease. */
    linkPath: async (leaseId: LeaseId) => {
      const { url } = await openLink({ tenantId, memberId, leaseId } as never)
      return new URL(url).pathname
    },
    close: () => gateway.close(),
  }
}

export type OpenGateway = Awaited<ReturnType<typeof openGateway>>

export function hostOf(id: LeaseId): string {
  return `${id.replace('_', '-')}.localhost`
}

/** A ready lease; `address` says where its machine answers. */
export function readyLease(
  name: string,
  address: Partial<Ready['address']>,
  change: Partial<Ready> = {},
): Ready {
  return {
    id: `lse_${name}` as LeaseId,
    tenantId,
    createdBy: memberId,
    createdAt: 0,
    name,
    labels: {},
    pool: 'local' as PoolName,
    machineType: 'tiny' as MachineTypeName,
    shape: {
      cpu: { sockets: 1, cores: 1, threads: 1, model: 'max' },
      memoryMiB: 1_024,
      disks: [{ role: 'system', sizeGiB: 4 }],
      gpus: [],
    },
    wantedSize: null,
    image: 'debian-12' as ImageName,
    authorizedKeys: [],
    timeToLiveMs: 3_600_000,
    expiresAt: 1_900_000_000_000,
    generation: 1,
    pricePerHourMicros: 0,
    version: 3,
    enteredStateAt: 0,
    state: 'ready',
    address: { host: '127.0.0.1', sshPort: 9, jupyterPort: null, ...address },
    obstacle: null,
    ...change,
  }
}

export function stopping(lease: Ready): Stopping {
  const { address: _address, obstacle: _obstacle, ...terms } = lease
  const reason = 'stopped-by-tenant'
  return { ...terms, state: 'stopping', reason, reasonDetail: null, graceEndsAt: 0 }
}
