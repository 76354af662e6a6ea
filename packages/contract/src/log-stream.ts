import { type Static, Type } from 'typebox'
import { component, oneOf } from './schema-parts.ts'
import { taskStateNames } from './task.ts'

/** `data` of one `log` event of the live stream. JSON keeps NUL, CR and line ends as they were. */
export const LogChunk = component(
  'LogChunk',
  Type.Object(
    {
      offset: Type.Integer({ minimum: 0, description: 'Byte offset at which the text begins.' }),
      text: Type.String(),
    },
    { additionalProperties: false },
  ),
)
export type LogChunk = Static<typeof LogChunk>

/** `data` of the last event, `end`. */
export const LogEnd = component(
  'LogEnd',
  Type.Object(
    { lengthBytes: Type.Integer({ minimum: 0 }), state: oneOf(taskStateNames) },
    { additionalProperties: false },
  ),
)
export type LogEnd = Static<typeof LogEnd>
