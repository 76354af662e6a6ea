import type { SshKeyStore } from '@leasehold/application'
import { readCursor, toPage } from './cursor.ts'
import { sshKeyFromRow } from './rows/small-rows.ts'
import { isoOf } from './rows/times.ts'
import { toStorableJson } from './storable-text.ts'
import type { StoreDeps } from './store-deps.ts'

type KeyRow = Parameters<typeof sshKeyFromRow>[0]

const columns = `id, tenant_id AS "tenantId", member_id AS "memberId", name, fingerprint,
  public_key AS "publicKey", created_at AS "createdAt"`

export function makeSshKeyStore({ tenantQuery }: StoreDeps): SshKeyStore {
  const find: SshKeyStore['find'] = async (tenantId, id) => {
    const rows = await tenantQuery<KeyRow>(
      tenantId,
      'ssh-key-find',
      `SELECT ${columns} FROM ssh_keys WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id],
    )
    return rows.map(sshKeyFromRow)[0] ?? null
  }
  return {
    async add(key) {
      toStorableJson(key, key)
      const { id, tenantId, memberId, name, publicKey, fingerprint, createdAt } = key
      const added = await tenantQuery(
        tenantId,
        'ssh-key-add',
        `INSERT INTO ssh_keys (id, tenant_id, member_id, name, public_key, fingerprint, created_at)
         VALUES ($2, $1, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id`,
        [tenantId, id, memberId, name, publicKey, fingerprint, isoOf(createdAt)],
      )
      // Either this very key was added before (the same id), or another with its fingerprint.
      return added.length === 1 || (await find(tenantId, id)) !== null
    },

    find,

    async list(tenantId, { limit, cursor }) {
      const list = `ssh-keys ${tenantId}`
      const after = readCursor(list, cursor)
      const beyond = after === null ? '' : 'AND created_at <= $3 AND (created_at, id) < ($3, $4)'
      const rows = await tenantQuery<KeyRow>(
        tenantId,
        `ssh-key-list${after === null ? '' : '-after'}`,
        `SELECT ${columns} FROM ssh_keys WHERE tenant_id = $1 ${beyond}
         ORDER BY created_at DESC, id DESC LIMIT $2`,
        [tenantId, limit + 1, ...(after === null ? [] : [isoOf(after.at), after.id])],
      )
      const placeOf = (key: { createdAt: number; id: string }) => {
        return { at: key.createdAt, id: key.id }
      }
      return toPage(list, rows.map(sshKeyFromRow), limit, placeOf)
    },

    async remove(tenantId, id) {
      const removed = await tenantQuery(
        tenantId,
        'ssh-key-remove',
        'DELETE FROM ssh_keys WHERE tenant_id = $1 AND id = $2 RETURNING id',
        [tenantId, id],
      )
      return removed.length === 1
    },
  }
}
