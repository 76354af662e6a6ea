import { type Static, Type } from 'typebox'
import { component, oneOf } from './schema-parts.ts'

/** Whether this process can do useful work, part by part. What is degraded keeps nobody from the rest. */
export const Readiness = component(
  'Readiness',
  Type.Object(
    {
      status: oneOf(['ready', 'not-ready']),
      parts: Type.Record(Type.String(), oneOf(['ok', 'degraded', 'failing'])),
    },
    { additionalProperties: false },
  ),
)
export type Readiness = Static<typeof Readiness>

export const Liveness = component(
  'Liveness',
  Type.Object({ status: oneOf(['running']) }, { additionalProperties: false }),
)
export type Liveness = Static<typeof Liveness>
