import type { AccessStore } from '@leasehold/application'
import { grantFromRow } from './rows/small-rows.ts'
import { isoOf } from './rows/times.ts'
import type { StoreDeps } from './store-deps.ts'

type GrantColumns = {
  readonly tenantId: string
  readonly leaseId: string
  readonly memberId: string
  readonly expiresAt: Date
}

export function makeAccessStore({ prisma, query, tenantQuery }: StoreDeps): AccessStore {
  return {
    async storeCode(codeHash, grant) {
      const { tenantId, leaseId, memberId, expiresAt } = grant
      await tenantQuery(
        tenantId,
        'access-store-code',
        `INSERT INTO access_codes (code_hash, tenant_id, lease_id, member_id, expires_at)
         VALUES ($2, $1, $3, $4, $5)`,
        [tenantId, codeHash, leaseId, memberId, isoOf(expiresAt)],
      )
    },

    async exchangeCode(codeHash, sessionHash, now, sessionExpiresAt) {
      // Deleting the row is what uses the code up: of two at once, one deletes it.
      const rows = await query<GrantColumns>(
        'access-exchange',
        `WITH used AS (
           DELETE FROM access_codes WHERE code_hash = $1 AND expires_at > $3
           RETURNING tenant_id, lease_id, member_id
         )
         INSERT INTO access_sessions (session_hash, tenant_id, lease_id, member_id, expires_at)
         SELECT $2, tenant_id, lease_id, member_id, $4 FROM used
         RETURNING tenant_id AS "tenantId", lease_id AS "leaseId", member_id AS "memberId",
           expires_at AS "expiresAt"`,
        [codeHash, sessionHash, isoOf(now), isoOf(sessionExpiresAt)],
      )
      return rows.map(grantFromRow)[0] ?? null
    },

    async findSession(sessionHash, now) {
      const row = await prisma.accessSession.findUnique({ where: { sessionHash } })
      return row !== null && row.expiresAt.getTime() > now ? grantFromRow(row) : null
    },

    async revokeLease(leaseId) {
      await query(
        'access-revoke',
        `WITH codes AS (DELETE FROM access_codes WHERE lease_id = $1)
         DELETE FROM access_sessions WHERE lease_id = $1`,
        [leaseId],
      )
    },

    async prune(now) {
      const expired = { where: { expiresAt: { lte: new Date(now) } } }
      const [codes, sessions] = await prisma.$transaction([
        prisma.accessCode.deleteMany(expired),
        prisma.accessSession.deleteMany(expired),
      ])
      return codes.count + sessions.count
    },
  }
}
