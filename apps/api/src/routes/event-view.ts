import type { Actor } from '@leasehold/domain'
import { timestamp } from './answers.ts'

type Event<State extends string> = {
  readonly seq: number
  readonly at: number
  readonly actor: Actor
  readonly state: State
  readonly reason: string | null
  readonly detail: string | null
}

/** One entry of a lease's or task's history, as clients see it. */
export function eventView<State extends string>(event: Event<State>) {
  return {
    seq: event.seq,
    at: timestamp(event.at),
    actor: event.actor.kind,
    actorId: event.actor.id,
    state: event.state,
    reason: event.reason,
    detail: event.detail,
  }
}
