import type { Actor, Instant } from '@leasehold/domain'
import { DocumentReader } from './document-reader.ts'

/** A row of `lease_events` or `task_events`, as `pg` reads it. */
export type EventRow = {
  readonly seq: number
  readonly at: Date
  readonly actor_kind: string
  readonly actor_id: string
  readonly state: string
  readonly reason: string | null
  readonly detail: string | null
}

/** An entry of a history. Its state is shown, never acted upon, so one that a newer version wrote is passed on. */
export function eventFromRow<State extends string>(
  row: EventRow,
  name: string,
): {
  readonly seq: number
  readonly at: Instant
  readonly actor: Actor
  readonly state: State
  readonly reason: string | null
  readonly detail: string | null
} {
  const { seq, at, state, reason, detail } = row
  const actor = readActor(row, name)
  return { seq, at: at.getTime(), actor, state: state as State, reason, detail }
}

export function readActor(
  row: { readonly actor_kind: string; readonly actor_id: string },
  name: string,
): Actor {
  const columns = new DocumentReader(name, row, 'row')
  return {
    kind: columns.oneOf('actor_kind', ['member', 'operator', 'platform']),
    id: columns.text('actor_id'),
  }
}
