import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MachineDriver, MachineOrder } from '@leasehold/application'
import type { ImageName, LeaseId, MachineTypeName, TenantId } from '@leasehold/domain'
import type { GuestImage } from '../../guest/guest-image.ts'
import { bootsUnder } from '../../qemu/probe-acceleration.ts'
import { openLocalMachineDriver } from '../local-machine-driver.ts'
import { type KeyPair, makeKeyPair } from './machine-client.ts'
import { silentLog, theGuestImage } from './real-parts.ts'

/** The real driver over a folder of its own, and orders that it can carry out. */
export type LocalPlace = {
  readonly folder: string
  readonly image: GuestImage
  readonly renterKey: KeyPair
  readonly hostKey: KeyPair
  open(facts?: { image?: GuestImage; vcpu?: number }): Promise<MachineDriver>
  newOrder(facts?: Partial<MachineOrder>): MachineOrder
  pidFileOf(id: LeaseId): string
  /** Ends every machine and driver and removes the folder. */
  close(): Promise<void>
}

/** `given` is a folder of the test's own, which stays. */
export async function openLocalPlace(given?: string): Promise<LocalPlace> {
  const image = await theGuestImage()
  const folder = given ?? (await mkdtemp(join(tmpdir(), 'pool-')))
  const acceleration = (await bootsUnder('kvm', folder, 5_000)) ? 'kvm' : 'tcg'
  const keys = await mkdtemp(join(tmpdir(), 'keys-'))
  const renterKey = await makeKeyPair(keys, 'renter')
  const hostKey = await makeKeyPair(keys, 'host')
  const opened: MachineDriver[] = []
  const open: LocalPlace['open'] = async (facts = {}) => {
    const findImage = (name: ImageName) => (name === 'debian-12' ? (facts.image ?? image) : null)
    const limits = { vcpu: facts.vcpu }
    const driver = await openLocalMachineDriver({
      ...{ folder, findImage, acceleration, limits },
      log: silentLog,
    })
    opened.push(driver)
    return driver
  }
  return {
    ...{ folder, image, renterKey, hostKey, open },
    newOrder: (facts = {}) => ({ ...anOrder(renterKey, hostKey), ...facts }),
    pidFileOf: (id) => join(folder, 'm', id, 'qemu.pid'),
    close: async () => {
      const { signal } = new AbortController()
      const last = await open()
      for (const { leaseId } of await last.listMachines(signal))
        await last.destroyMachine(leaseId, 99, signal)
      await Promise.all(opened.map((driver) => driver.close()))
      const made = given === undefined ? [folder, keys] : [keys]
      await Promise.all(made.map((path) => rm(path, { recursive: true })))
    },
  }
}

function anOrder(renterKey: KeyPair, hostKey: KeyPair): MachineOrder {
  return {
    leaseId: `lse_${randomUUID().slice(0, 13)}` as LeaseId,
    tenantId: 'ten_acme' as TenantId,
    machineType: 'tiny' as MachineTypeName,
    generation: 1,
    shape: {
      cpu: { sockets: 1, cores: 1, threads: 1, model: 'max' },
      memoryMiB: 1_024,
      disks: [{ role: 'system', sizeGiB: 4 }],
      gpus: [],
    },
    image: 'debian-12' as ImageName,
    hostName: 'training',
    authorizedKeys: [renterKey.publicLine],
    hostKeyPrivate: hostKey.privateText,
    hostKeyPublic: hostKey.publicLine,
    jupyterToken: 'token-of-a-test',
  }
}
