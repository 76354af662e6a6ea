import { type Static, Type } from 'typebox'
import { leaseStateNames } from './lease.ts'
import { component, listOf, nullable, oneOf, Timestamp } from './schema-parts.ts'
import { taskStateNames } from './task.ts'

/** One entry of a history. `seq` rises by one. */
export const LeaseEvent = component(
  'LeaseEvent',
  Type.Object(
    {
      seq: Type.Integer({ minimum: 1 }),
      at: Timestamp,
      actor: oneOf(['member', 'operator', 'platform']),
      actorId: Type.String({ examples: ['7a1c9f0e-olivia'] }),
      state: oneOf(['requested', ...leaseStateNames]),
      reason: nullable(Type.String({ examples: ['stopped-by-tenant'] })),
      detail: nullable(Type.String()),
    },
    { additionalProperties: false },
  ),
)
export type LeaseEvent = Static<typeof LeaseEvent>
export const LeaseEventList = listOf('LeaseEventList', LeaseEvent)

export const EventsQuery = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 2_147_483_647, default: 0, description: 'A `seq`.' }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 100 })),
  },
  { additionalProperties: false },
)

export const TaskEvent = component(
  'TaskEvent',
  Type.Object(
    {
      seq: Type.Integer({ minimum: 1 }),
      at: Timestamp,
      actor: oneOf(['member', 'operator', 'platform']),
      actorId: Type.String(),
      state: oneOf(taskStateNames),
      reason: nullable(Type.String({ examples: ['exited-zero'] })),
      detail: nullable(Type.String()),
    },
    { additionalProperties: false },
  ),
)
export type TaskEvent = Static<typeof TaskEvent>
export const TaskEventList = listOf('TaskEventList', TaskEvent)
