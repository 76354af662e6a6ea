import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log, TenancyDriver } from '@leasehold/application'
import type { Tenant, TenantId } from '@leasehold/domain'
import { withLock } from '../locks/with-lock.ts'

export type LocalTenancyDriverOptions = {
  /** The driver's own folder, absolute. */
  readonly folder: string
  /** How many machines of the tenant this pool holds, kept disks and task machines included. */
  readonly countMachines: (id: TenantId, signal: AbortSignal) => Promise<number>
  readonly log: Log
}

/** A tenant cannot be removed from a pool that still holds machines of theirs: release those first. */
export class TenantHasMachines extends Error {
  constructor(id: TenantId, count: number) {
    super(`${id} still has ${count} machine(s) in this pool: release them first.`)
    this.name = 'TenantHasMachines'
  }
}

/** What a tenant needs on one host is little: a folder that says they may be here. */
export async function openLocalTenancyDriver({
  folder,
  countMachines,
  log,
}: LocalTenancyDriverOptions): Promise<TenancyDriver> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const placeOf = (id: TenantId) => join(folder, safeName(id))
  return {
    ensureTenant: (tenant, signal) =>
      withLock(placeOf(tenant.id), signal, async () => {
        const text = noteOf(tenant)
        if ((await readNote(placeOf(tenant.id))) === text) return
        await mkdir(placeOf(tenant.id), { recursive: true, mode: 0o700 })
        await writeNote(placeOf(tenant.id), text)
        log.info({ tenantId: tenant.id }, 'tenant set up in pool')
      }),
    removeTenant: (id, signal) =>
      withLock(placeOf(id), signal, async () => {
        const count = await countMachines(id, signal)
        if (count > 0) throw new TenantHasMachines(id, count)
        await rm(placeOf(id), { recursive: true, force: true })
      }),
    inspectTenant: async (id, signal) => {
      try {
        signal.throwIfAborted()
        return (await readNote(placeOf(id))) === null ? 'absent' : 'present'
      } catch (error) {
        log.warn({ tenantId: id, err: error }, 'tenant could not be seen')
        return 'unknown'
      }
    },
  }
}

function noteOf({ id, slug }: Tenant): string {
  return `${JSON.stringify({ id, slug })}\n`
}

async function readNote(place: string): Promise<string | null> {
  try {
    return await readFile(join(place, 'tenant.json'), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function writeNote(place: string, text: string): Promise<void> {
  const temporary = join(place, 'tenant.json.new')
  await using file = await open(temporary, 'w', 0o600)
  await file.writeFile(text)
  await file.datasync()
  await rename(temporary, join(place, 'tenant.json'))
}

function safeName(id: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(id)) return id
  throw new Error('An id of a tenant has letters, digits, `_` and `-` only.')
}
