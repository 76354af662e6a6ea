import type { Query } from './database-pool.ts'

/** How many leases and tasks there are now, by state; ended ones included. */
export type StateCounts = {
  readonly leases: Readonly<Record<string, number>>
  readonly tasks: Readonly<Record<string, number>>
}

type CountRow = { readonly kind: 'lease' | 'task'; readonly state: string; readonly count: number }

/** For the gauges of `/metrics`: asked only when somebody reads them. */
export async function countStates(query: Query): Promise<StateCounts> {
  const rows = await query<CountRow>(
    'count-states',
    `SELECT 'lease' AS kind, state, count(*)::int AS count FROM leases GROUP BY state
     UNION ALL SELECT 'task', state, count(*)::int FROM tasks GROUP BY state`,
    [],
  )
  const of = (kind: CountRow['kind']) =>
    Object.fromEntries(rows.filter((row) => row.kind === kind).map((row) => [row.state, row.count]))
  return { leases: of('lease'), tasks: of('task') }
}
