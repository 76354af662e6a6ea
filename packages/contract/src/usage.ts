import { type Static, Type } from 'typebox'
import { component, Micros, nullable, oneOf, Timestamp } from './schema-parts.ts'

/** What was used from `from` to `to`, and what it cost. */
export const Usage = component(
  'Usage',
  Type.Object(
    {
      from: Timestamp,
      to: Timestamp,
      totalSeconds: Type.Integer({ minimum: 0 }),
      totalCostMicros: Micros,
      items: Type.Array(
        Type.Object(
          {
            kind: oneOf(['lease', 'task']),
            id: Type.String({ examples: ['lse_0193a7c2'] }),
            startedAt: Timestamp,
            endedAt: nullable(Timestamp),
            seconds: Type.Integer({ minimum: 0, description: 'Within the period asked for.' }),
            pricePerHourMicros: Micros,
            costMicros: Micros,
          },
          { additionalProperties: false },
        ),
      ),
      byDay: Type.Array(
        Type.Object(
          {
            day: Type.String({ description: 'UTC.', examples: ['2026-11-24'] }),
            seconds: Type.Integer({ minimum: 0 }),
            costMicros: Micros,
          },
          { additionalProperties: false },
        ),
      ),
      byHolder: Type.Array(
        Type.Object(
          {
            kind: oneOf(['lease', 'task']),
            id: Type.String({ examples: ['lse_0193a7c2'] }),
            seconds: Type.Integer({ minimum: 0 }),
            costMicros: Micros,
          },
          { additionalProperties: false },
        ),
      ),
      truncated: Type.Boolean({
        description: 'True when the period has more intervals than one answer holds: ask for less.',
      }),
    },
    { additionalProperties: false },
  ),
)
export type Usage = Static<typeof Usage>

export const UsageQuery = Type.Object(
  { from: Type.Optional(Timestamp), to: Type.Optional(Timestamp) },
  { additionalProperties: false },
)
