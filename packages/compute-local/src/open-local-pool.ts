import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Log, Pool } from '@leasehold/application'
import type { ImageName, PoolName, TenantId } from '@leasehold/domain'
import type { GuestImage } from './guest/guest-image.ts'
import { hostCapacity, type PoolLimits, shapeRefusal } from './host-limits.ts'
import { openLocalMachineDriver } from './machines/local-machine-driver.ts'
import { openMachineDirectory } from './machines/machine-directory.ts'
import { probeAcceleration } from './qemu/probe-acceleration.ts'
import { shortFolder } from './short-folder.ts'
import { openLocalTaskDriver } from './tasks/local-task-driver.ts'
import { openRunDirectory } from './tasks/run-directory.ts'
import { openLocalTenancyDriver } from './tenancy/local-tenancy-driver.ts'

export type LocalPoolOptions = {
  readonly name: PoolName
  readonly region: string
  /** Everything of this pool lies below it. */
  readonly folder: string
  /** What `ensureGuestImage` gave; offered under the name `debian-12` unless `imageName` says otherwise. */
  readonly image: GuestImage
  readonly imageName?: ImageName
  /** The run API, on this host's loopback, to which task machines report. */
  readonly runApi: { readonly port: number }
  readonly limits?: PoolLimits
  readonly log: Log
}

/**
 * Opens this host as a pool: QEMU machines for leases and tasks. Machines outlive `close()` and are
 * taken over by the next opening. Throws `ProgramFailed` (`missing`) when QEMU is not installed.
 */
export async function openLocalPool(
  options: LocalPoolOptions,
): Promise<Pool & { close(): Promise<void> }> {
  const { name, region, image, limits = {}, runApi, log } = options
  await mkdir(options.folder, { recursive: true, mode: 0o700 })
  const folder = await shortFolder(resolve(options.folder))
  const imageName = options.imageName ?? ('debian-12' as ImageName)
  const findImage = (asked: ImageName) => (asked === imageName ? image : null)
  const acceleration = await probeAcceleration(folder, log)
  const host = await hostCapacity(folder, limits, 0)
  const machines = await openLocalMachineDriver({ folder, findImage, acceleration, limits, log })
  const tasks = await openLocalTaskDriver({
    folder: join(folder, 't'),
    findImage,
    refusal: (shape) => shapeRefusal(shape, image, host),
    acceleration,
    runApiPort: runApi.port,
    log,
  })
  const directory = await openMachineDirectory(folder)
  const runs = await openRunDirectory(join(folder, 't'))
  const tenancy = await openLocalTenancyDriver({
    folder: join(folder, 'tenants'),
    countMachines: async (id) => (await countMachines(directory, id)) + (await runs.countOf(id)),
    log,
  })
  return {
    name,
    region,
    driver: 'local',
    images: [imageName],
    taskIsolations: ['vm'],
    machines,
    tasks,
    tenancy,
    close: async () => {
      await Promise.all([machines.close(), tasks.close()])
    },
  }
}

async function countMachines(
  directory: Awaited<ReturnType<typeof openMachineDirectory>>,
  id: TenantId,
): Promise<number> {
  const records = await Promise.all((await directory.list()).map((each) => directory.read(each)))
  return records.filter((record) => record?.tenantId === id).length
}
