import type { GpuType, MachineType, Me, Quota } from '@leasehold/contract'
import type { Tell } from '../narrator.ts'
import type { Session } from '../session.ts'

type List<Item> = { readonly items: readonly Item[] }

/** Who we are, what may be used, and what there is to rent. */
export async function showCatalogue({ renter }: Session, tell: Tell): Promise<void> {
  const me = await renter.get<Me>('/v1/me')
  tell(`${me.name ?? me.subject}, ${me.role} of ${me.tenant.name} (${me.tenant.slug})`)
  const types = await renter.get<List<MachineType>>('/v1/machine-types')
  for (const type of types.items)
    tell(
      `${type.name.padEnd(15)} ${type.vcpu} vCPU, ${type.memoryMiB} MiB, ${money(type.pricePerHourMicros)}/h` +
        `  ${whereOf(type)}`,
    )
  const gpus = await renter.get<List<GpuType>>('/v1/gpu-types')
  for (const gpu of gpus.items)
    tell(`${gpu.name.padEnd(15)} ${gpu.product}: ${gpu.free} of ${gpu.total} free`)
  const quota = await renter.get<List<Quota>>('/v1/quota')
  tell(`quota: ${quota.items.map((row) => `${row.resource} ${row.used}/${row.limit}`).join(', ')}`)
}

function whereOf({ offers }: MachineType): string {
  if (offers.length === 0) return 'no pool here offers it'
  return offers.map(({ pool, fitsNow }) => `room for ${fitsNow ?? '?'} in ${pool}`).join(', ')
}

function money(micros: number): string {
  return (micros / 1_000_000).toFixed(2)
}
