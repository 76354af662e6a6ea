import type { Page, PageRequest, PlacingMachine } from '@leasehold/application'
import type { Actor, Amounts, Instant, PoolName, TenantId } from '@leasehold/domain'
import { readCursor, toPage } from './cursor.ts'
import { type EventRow, eventFromRow } from './rows/event-row.ts'
import { type PlacingRow, placingFromRow } from './rows/placing-row.ts'
import { isoOf } from './rows/times.ts'
import { toStorableJson } from './storable-text.ts'
import type { StoreDeps } from './store-deps.ts'

/** What differs between leases and tasks where they are stored alike. Every text here is ours: it becomes SQL. */
export type StoredKind<Item, Row> = {
  readonly kind: 'lease' | 'task'
  readonly columns: string
  readonly fromRow: (row: Row) => Item
  readonly endStates: readonly string[]
  /** The state in which it has a place and does not answer from there yet. */
  readonly placingState: string
}

type Filter = {
  readonly states?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
}

type StoredItem = { readonly id: string; readonly createdAt: Instant }

/** The queries that leases and tasks share: finding, listing, claiming, what is due, what is occupied. */
export function makeStoredRows<Item extends StoredItem, Row extends object>(
  { query, tenantQuery }: Pick<StoreDeps, 'query' | 'tenantQuery'>,
  { kind, columns, fromRow, endStates, placingState }: StoredKind<Item, Row>,
) {
  const table = `${kind}s` as const
  // In the words of the partial index, so that the planner recognises it.
  const isLiving = `state <> ALL (ARRAY[${endStates.map((state) => `'${state}'::text`).join(', ')}])`
  const select = async (name: string, rest: string, values: readonly unknown[]) => {
    const text = `SELECT ${columns} FROM ${table} ${rest}`
    return (await query<Row>(`${kind}-${name}`, text, values)).map(fromRow)
  }
  const selectFor = async (tenantId: TenantId, name: string, rest: string, values: unknown[]) => {
    const text = `SELECT ${columns} FROM ${table} ${rest}`
    return (await tenantQuery<Row>(tenantId, `${kind}-${name}`, text, values)).map(fromRow)
  }
  const idsOf = async <Id extends string>(name: string, text: string, values: unknown[]) =>
    (await query<{ id: Id }>(`${kind}-${name}`, text, values)).map(({ id }) => id)

  return {
    select,

    async find(tenantId: TenantId, id: string): Promise<Item | null> {
      const rest = 'WHERE tenant_id = $1 AND id = $2'
      return (await selectFor(tenantId, 'find', rest, [tenantId, id]))[0] ?? null
    },

    async findAnyTenant(id: string): Promise<Item | null> {
      return (await select('find-any-tenant', 'WHERE id = $1', [id]))[0] ?? null
    },

    async list(tenantId: TenantId, filter: Filter, page: PageRequest): Promise<Page<Item>> {
      const list = `${table} ${tenantId}`
      const { name, where, values } = listConditions(tenantId, filter, page, list, {
        endStates,
        isLiving,
        table,
      })
      const rest = `WHERE ${where} ORDER BY created_at DESC, id DESC LIMIT $2`
      const items = await selectFor(tenantId, name, rest, values)
      return toPage(list, items, page.limit, (item) => ({ at: item.createdAt, id: item.id }))
    },

    async events<State extends string>(
      tenantId: TenantId,
      id: string,
      afterSeq: number,
      limit: number,
    ) {
      const rows = await tenantQuery<EventRow>(
        tenantId,
        `${kind}-events`,
        `SELECT seq, at, actor_kind, actor_id, state, reason, detail FROM ${kind}_events
         WHERE ${kind}_id = $2 AND tenant_id = $1 AND seq > $3 ORDER BY seq LIMIT $4`,
        [tenantId, id, afterSeq, limit],
      )
      return rows.map((row) => eventFromRow<State>(row, `${kind}_events ${id}`))
    },

    /** Until the claim ends, nobody else looks; then, if the worker was never heard of again, somebody does. */
    async claim(id: string, token: string, now: Instant, until: Instant): Promise<Item | null> {
      const rows = await query<Row>(
        `${kind}-claim`,
        `UPDATE ${table} SET claim_token = $2, claim_until = $4,
           look_again_at = CASE WHEN ${isLiving} THEN $4::timestamptz END
         WHERE id = $1 AND (claim_until IS NULL OR claim_until <= $3 OR claim_token = $2)
         RETURNING ${columns}`,
        [id, token, isoOf(now), isoOf(until)],
      )
      return rows.map(fromRow)[0] ?? null
    },

    /** A change that was made while the claim was held has set a time of its own; an earlier one stays. */
    async unclaim(id: string, token: string, lookAgainAt: Instant | null): Promise<void> {
      await query(
        `${kind}-unclaim`,
        `UPDATE ${table} SET claim_token = NULL, claim_until = NULL, look_again_at = CASE
           WHEN NOT (${isLiving}) THEN NULL
           WHEN look_again_at = claim_until THEN coalesce($3::timestamptz, look_again_at)
           ELSE least(look_again_at, $3::timestamptz) END
         WHERE id = $1 AND claim_token = $2`,
        [id, token, lookAgainAt === null ? null : isoOf(lookAgainAt)],
      )
    },

    due<Id extends string>(now: Instant, limit: number): Promise<readonly Id[]> {
      return idsOf<Id>(
        'due',
        `SELECT id FROM ${table}
         WHERE look_again_at <= $1 AND (claim_until IS NULL OR claim_until <= $1)
         ORDER BY look_again_at LIMIT $2`,
        [isoOf(now), limit],
      )
    },

    async living<Id extends string>(ids: readonly Id[]): Promise<ReadonlySet<Id>> {
      const text = `SELECT id FROM ${table} WHERE id = ANY ($1) AND ${isLiving}`
      return new Set(await idsOf<Id>('living', text, [ids]))
    },

    async placingIn(pool: PoolName): Promise<readonly PlacingMachine[]> {
      const rows = await query<PlacingRow>(
        `${kind}-placing`,
        `SELECT id, tenant_id, document -> 'shape' AS shape, document ->> 'machineType' AS machine_type
         FROM ${table} WHERE pool = $1 AND state = '${placingState}'`,
        [pool],
      )
      return rows.map(placingFromRow)
    },

    async occupiedIn(pool: PoolName): Promise<Amounts> {
      const rows = await query<{ occupied: Amounts | null }>(
        `${kind}-occupied`,
        `SELECT jsonb_object_agg(resource, amount) AS occupied FROM (
           SELECT o.key AS resource, sum(o.value::bigint) AS amount
           FROM ${table} CROSS JOIN LATERAL jsonb_each_text(occupies) AS o(key, value)
           WHERE pool = $1 AND occupies <> '{}'::jsonb GROUP BY o.key) sums`,
        [pool],
      )
      return rows[0]?.occupied ?? {}
    },
  }
}

/** One prepared statement per combination of filters; `name` tells them apart. */
function listConditions(
  tenantId: TenantId,
  { states, labels = {} }: Filter,
  { limit, cursor }: PageRequest,
  list: string,
  living: {
    readonly endStates: readonly string[]
    readonly isLiving: string
    readonly table: 'leases' | 'tasks'
  },
) {
  const after = readCursor(list, cursor)
  const values: unknown[] = [tenantId, limit + 1]
  const value = (given: unknown) => `$${values.push(given)}`
  const conditions = ['tenant_id = $1']
  let name = 'list'
  if (after !== null) {
    name += '-after'
    const at = value(isoOf(after.at))
    // Said twice: row-level security lets an index answer comparisons of times, not of texts.
    conditions.push(`created_at <= ${at}`, `(created_at, id) < (${at}, ${value(after.id)})`)
  }
  if (states !== undefined) {
    name += '-states'
    conditions.push(`state = ANY (${value(states)})`)
    // Said twice, so that the small index of what lives can be used.
    if (!states.some((state) => living.endStates.includes(state))) {
      name += '-living'
      conditions.push(living.isLiving)
    }
  }
  if (Object.keys(labels).length > 0) {
    name += '-labels'
    const labelled = value(toStorableJson(labels, labels))
    conditions.push(`id IN (SELECT labelled_${living.table}($1, ${labelled}::jsonb))`)
  }
  return { name, where: conditions.join(' AND '), values }
}

/** An actor, as the columns beside an event. */
export function actorColumns(actor: Actor) {
  return { actor_kind: actor.kind, actor_id: actor.id }
}
