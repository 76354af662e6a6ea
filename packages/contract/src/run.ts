import { type Static, Type } from 'typebox'
import { nullable, oneOf } from './schema-parts.ts'

/** `instance` is the agent's own random word: a second agent for a run that has begun is turned away. */
export const BeginRunBody = nullable(
  Type.Object(
    { instance: Type.Optional(Type.String({ pattern: '^[0-9a-z-]{8,64}$' })) },
    { additionalProperties: false },
  ),
)
export type BeginRunBody = Static<typeof BeginRunBody>

/** What the agent inside a task's machine is told to do. */
export const BeginRunAnswer = Type.Object(
  {
    taskId: Type.String(),
    attempt: Type.Integer(),
    interpreter: Type.String(),
    arguments: Type.Array(Type.String()),
    environment: Type.Record(Type.String(), Type.String()),
    inputs: Type.Array(
      Type.Object({ index: Type.Integer(), path: Type.String(), sizeBytes: Type.Integer() }),
    ),
    outputsPath: Type.String(),
    heartbeatSeconds: Type.Integer(),
    now: Type.String({ format: 'date-time' }),
  },
  { additionalProperties: false },
)
export type BeginRunAnswer = Static<typeof BeginRunAnswer>

export const RunInputParams = Type.Object(
  { index: Type.Integer({ minimum: 0, maximum: 100_000 }) },
  { additionalProperties: false },
)

export const RunLogQuery = Type.Object(
  { offset: Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991 }) },
  { additionalProperties: false },
)
export const RunLogAnswer = Type.Object({ length: Type.Integer() }, { additionalProperties: false })

export const HeartbeatBody = Type.Object(
  {
    progress: nullable(
      Type.Object(
        {
          fraction: Type.Number({ minimum: 0, maximum: 1 }),
          text: Type.String({ maxLength: 500 }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export type HeartbeatBody = Static<typeof HeartbeatBody>
export const HeartbeatAnswer = Type.Object(
  { do: oneOf(['continue', 'stop']), reason: nullable(Type.String()) },
  { additionalProperties: false },
)

export const FinishRunBody = Type.Object(
  {
    exit: Type.Object(
      {
        code: nullable(Type.Integer({ minimum: 0, maximum: 255 })),
        signal: nullable(Type.String({ maxLength: 32, pattern: '^[A-Z0-9+]*$' })),
      },
      { additionalProperties: false },
    ),
    failure: nullable(
      oneOf(['input-missing', 'outputs-failed', 'out-of-memory', 'out-of-disk', 'interrupted']),
    ),
    detail: nullable(Type.String({ maxLength: 2_000 })),
  },
  { additionalProperties: false },
)
export type FinishRunBody = Static<typeof FinishRunBody>
