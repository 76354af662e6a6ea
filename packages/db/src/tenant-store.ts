import type { TenantStore } from '@leasehold/application'
import { entriesOf, type Member, type NetworkRules, type Tenant } from '@leasehold/domain'
import { auditOf } from './audit-rows.ts'
import { readCursor, toPage } from './cursor.ts'
import { Prisma } from './generated/client.ts'
import { memberFromRow, tenantFromRow } from './rows/small-rows.ts'
import { isoOf } from './rows/times.ts'
import { toStorableJson } from './storable-text.ts'
import type { StoreDeps } from './store-deps.ts'

type MemberRow = Parameters<typeof memberFromRow>[0]
type TenantRow = Parameters<typeof tenantFromRow>[0]

const selectTenants = [
  'tenant-find',
  `SELECT id, slug, name, tier, suspended, networks, created_at AS "createdAt", version
   FROM tenants WHERE id = ANY ($1)`,
] as const

const memberColumns = `tenant_id AS "tenantId", id, email, name, role,
  first_seen_at AS "firstSeenAt", last_seen_at AS "lastSeenAt"`

export function makeTenantStore({ prisma, query, tenantQuery, now }: StoreDeps): TenantStore {
  const noteMember = makeNoteMember(tenantQuery)
  return {
    async create(tenant, limits, actor) {
      toStorableJson(tenant, tenant)
      const { createdAt, networks, ...fields } = tenant
      const quotas = entriesOf(limits).map(([resource, limit]) => ({ resource, limit }))
      try {
        await prisma.$transaction([
          prisma.tenant.create({
            data: {
              ...fields,
              networks: writtenNetworks(networks),
              createdAt: new Date(createdAt),
              quotas: { create: quotas },
            },
          }),
          prisma.auditEvent.create({
            data: auditOf(actor, 'tenant.created', tenant.id, now(), tenant.id),
          }),
        ])
        return true
      } catch (error) {
        // P2002: a unique column (id or slug) has this value already.
        if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002')
          return false
        throw error
      }
    },

    // Every caller's tenant is looked up every few seconds: a plain statement costs a fraction of Prisma's.
    async find(id) {
      const [row] = await tenantQuery<TenantRow>(id, ...selectTenants, [[id]])
      return row === undefined ? null : tenantFromRow(row)
    },

    async findMany(ids) {
      return (await query<TenantRow>(...selectTenants, [ids])).map(tenantFromRow)
    },

    async findBySlug(slug) {
      const row = await prisma.tenant.findUnique({ where: { slug } })
      return row && tenantFromRow(row)
    },

    async list({ limit, cursor }) {
      const after = readCursor('tenants', cursor)
      const rows = await prisma.tenant.findMany({
        where: after === null ? {} : beforeInTime(after),
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
      })
      const placeOf = (tenant: { createdAt: number; id: string }) => {
        return { at: tenant.createdAt, id: tenant.id }
      }
      return toPage('tenants', rows.map(tenantFromRow), limit, placeOf)
    },

    async replace(previous, next, actor) {
      toStorableJson(next, next)
      const { id, name, tier, suspended, networks, version } = next
      const rows = await query<{ replaced: boolean }>(
        'tenant-replace',
        `WITH changed AS (
           UPDATE tenants SET name = $3, tier = $4, suspended = $5, version = $6, networks = $11
           WHERE id = $1 AND version = $2 RETURNING id
         ), audited AS (
           INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
           SELECT id, $7, $8, $9, 'tenant.changed', id, $10 FROM changed
         )
         SELECT true AS replaced FROM changed`,
        [id, previous.version, name, tier, suspended, version].concat([
          isoOf(now()),
          actor.kind,
          actor.id,
          toStorableJson({ name, tier, suspended, version, ...factsOf(networks) }, next),
          toStorableJson(networks, next),
        ]),
      )
      return rows.length === 1
    },

    noteMember,

    async members(tenantId, { limit, cursor }) {
      const list = `members ${tenantId}`
      const after = readCursor(list, cursor)
      const rows = await tenantQuery<MemberRow>(
        tenantId,
        `member-list${after === null ? '' : '-after'}`,
        `SELECT ${memberColumns} FROM members WHERE tenant_id = $1 ${after === null ? '' : 'AND id > $3'}
         ORDER BY id LIMIT $2`,
        [tenantId, limit + 1, ...(after === null ? [] : [after.id])],
      )
      return toPage(list, rows.map(memberFromRow), limit, ({ id }) => ({ at: 0, id }))
    },

    async findMember(tenantId, id) {
      const rows = await tenantQuery<MemberRow>(
        tenantId,
        'member-find',
        `SELECT ${memberColumns} FROM members WHERE tenant_id = $1 AND id = $2`,
        [tenantId, id],
      )
      return rows.map(memberFromRow)[0] ?? null
    },
  }
}

/** As JSON that Prisma takes: it wants lists it may write to. */
function writtenNetworks({ allow, deny }: NetworkRules) {
  return { allow: [...allow], deny: [...deny] }
}

/** Facts of an audit event are plain values. */
function factsOf({ allow, deny }: Tenant['networks']) {
  return { allowedNetworks: allow.join(' '), deniedNetworks: deny.join(' ') }
}

/** The rows after a place in a list that falls by time, then id. */
export function beforeInTime({ at, id }: { readonly at: number; readonly id: string }) {
  const createdAt = new Date(at)
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] }
}

const touchMs = 60_000
const rememberedPeople = 10_000

/**
 * Called with every request, so it remembers in memory whom it has written down: the row is touched
 * when a minute has passed or the role has changed. Other processes have a memory of their own; the
 * statement itself holds the same rule.
 */
function makeNoteMember(tenantQuery: StoreDeps['tenantQuery']) {
  const noted = new Map<string, { readonly at: number; readonly role: string }>()
  return async (member: Member): Promise<void> => {
    const { tenantId, id, email, name, role, firstSeenAt, lastSeenAt } = member
    const key = JSON.stringify([tenantId, id])
    const known = noted.get(key)
    if (known !== undefined && known.role === role && lastSeenAt - known.at < touchMs) return
    toStorableJson(member, member)
    await tenantQuery(
      tenantId,
      'member-note',
      `INSERT INTO members AS m (tenant_id, id, email, name, role, first_seen_at, last_seen_at)
       SELECT t.id, $2, $3, $4, $5, $6, $7 FROM tenants t WHERE t.id = $1
       ON CONFLICT (tenant_id, id) DO UPDATE SET email = EXCLUDED.email, name = EXCLUDED.name,
         role = EXCLUDED.role, last_seen_at = greatest(m.last_seen_at, EXCLUDED.last_seen_at)
       WHERE m.role <> EXCLUDED.role
         OR m.last_seen_at <= EXCLUDED.last_seen_at - interval '60 seconds'`,
      [tenantId, id, email, name, role, isoOf(firstSeenAt), isoOf(lastSeenAt)],
    )
    if (noted.size >= rememberedPeople) noted.clear()
    noted.set(key, { at: lastSeenAt, role })
  }
}
