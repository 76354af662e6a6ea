import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, migrateDatabase, openDatabase, startEmbeddedPostgres } from '@leasehold/db'
import {
  type Actor,
  anyNetwork,
  defaultLimits,
  type PoolName,
  type TenantId,
} from '@leasehold/domain'
import { migrateQueue } from '@leasehold/queue'
import { starterMachineTypes } from '@leasehold/wiring'
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts'

/** A tenant with a member who owns it, and their token. */
type Renter = { readonly tenantId: string; readonly token: string }

/** Real servers in a folder of their own, gone with `close`. */
export type ThrowawayServices = {
  readonly folder: string
  readonly databaseUrl: string
  readonly issuer: TokenIssuer
  readonly renters: readonly Renter[]
  close(): Promise<void>
}

/** Everything it writes is below the folder. */
export type StartIssuer = (folder: string, tenants: number) => Promise<TokenIssuer>

export const benchPool = 'local' as PoolName
const actor: Actor = { kind: 'platform', id: 'bench' }
const quiet = { info() {}, warn() {}, error() {} }
const noLimit = 1_000_000_000_000
const atOnce = 8

/**
 * Starts the embedded PostgreSQL as the platform does (nothing of its durability switched off),
 * migrates it, and fills it with the starter catalogue and tenants whose quotas do not run out.
 */
export async function startThrowawayServices(options: {
  readonly tenants: number
  readonly settings?: Readonly<Record<string, string>>
  /** Ours, which signs what it is asked to, when absent. */
  readonly startIssuer?: StartIssuer
}): Promise<ThrowawayServices> {
  const folder = await mkdtemp(join(tmpdir(), 'leasehold-bench-'))
  // The server's own user passes through.
  await chmod(folder, 0o711)
  const closers: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })]
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    const { settings = {} } = options
    const place = join(folder, 'postgres')
    const postgres = await startEmbeddedPostgres({ folder: place, log: quiet, settings })
    closers.push(() => postgres.stop())
    await migrateDatabase(postgres.url)
    await migrateQueue(postgres.url)
    const issuer = await (options.startIssuer ?? startTokenIssuer)(folder, options.tenants)
    closers.push(() => issuer.close())
    const renters = await fill(postgres.url, issuer, options.tenants)
    return { folder, databaseUrl: postgres.url, issuer, renters, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function fill(url: string, issuer: TokenIssuer, count: number): Promise<Renter[]> {
  const database = await openDatabase({ url, maxConnections: atOnce, log: quiet })
  try {
    for (const type of starterMachineTypes(benchPool))
      await database.catalogue.putMachineType(type, actor)
    const renters: Renter[] = []
    for (let first = 0; first < count; first += atOnce) {
      const numbers = Array.from({ length: Math.min(atOnce, count - first) }, (_, at) => first + at)
      renters.push(...(await Promise.all(numbers.map((n) => addRenter(database, issuer, n)))))
    }
    return renters
  } finally {
    await database.close()
  }
}

async function addRenter(database: Database, issuer: TokenIssuer, n: number): Promise<Renter> {
  const slug = `bench-${n}`
  const tenantId = `ten_bench${n}` as TenantId
  const limits = Object.keys(defaultLimits('production', [])).map((name) => [name, noLimit])
  const tenant = { id: tenantId, slug, name: slug, tier: 'production', suspended: false } as const
  const row = { ...tenant, networks: anyNetwork, createdAt: Date.now(), version: 1 }
  await database.tenants.create(row, Object.fromEntries(limits), actor)
  return { tenantId, token: await issuer.tokenFor({ id: tenantId, slug }, `member-${n}`) }
}
