import type { SshKeyStore } from '@leasehold/application'
import { readCursor, toPage } from './cursor.ts'
import { sshKeyFromRow } from './rows/small-rows.ts'
import { toStorableJson } from './storable-text.ts'
import type { StoreDeps } from './store-deps.ts'
import { beforeInTime } from './tenant-store.ts'

export function makeSshKeyStore({ prisma }: StoreDeps): SshKeyStore {
  return {
    async add(key) {
      toStorableJson(key, key)
      const { count } = await prisma.sshKey.createMany({
        data: [{ ...key, createdAt: new Date(key.createdAt) }],
        skipDuplicates: true,
      })
      if (count === 1) return true
      // Either this very key was added before (the same id), or another with its fingerprint.
      const { id, tenantId } = key
      return (await prisma.sshKey.count({ where: { id, tenantId } })) === 1
    },

    async find(tenantId, id) {
      const row = await prisma.sshKey.findFirst({ where: { tenantId, id } })
      return row && sshKeyFromRow(row)
    },

    async list(tenantId, { limit, cursor }) {
      const list = `ssh-keys ${tenantId}`
      const after = readCursor(list, cursor)
      const rows = await prisma.sshKey.findMany({
        where: { tenantId, ...(after === null ? {} : beforeInTime(after)) },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      })
      const placeOf = (key: { createdAt: number; id: string }) => {
        return { at: key.createdAt, id: key.id }
      }
      return toPage(list, rows.map(sshKeyFromRow), limit, placeOf)
    },

    async remove(tenantId, id) {
      const { count } = await prisma.sshKey.deleteMany({ where: { tenantId, id } })
      return count === 1
    },
  }
}
