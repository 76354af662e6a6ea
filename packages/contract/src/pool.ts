import { type Static, Type } from 'typebox'
import { catalogueName, component, listOf, nullable, oneOf, Timestamp } from './schema-parts.ts'
import { taskIsolationNames } from './task.ts'

const amounts = Type.Record(Type.String(), Type.Integer(), {
  description: 'Whole numbers by resource name; the unit is in the name.',
  examples: [{ vcpu: 8, 'memory-mib': 16_384 }],
})

/** A place where machines run. */
export const Pool = component(
  'Pool',
  Type.Object(
    {
      name: catalogueName('local'),
      region: Type.String({ examples: ['here'] }),
      driver: oneOf(['local', 'kubernetes']),
      images: Type.Array(catalogueName('debian-12')),
      taskImages: Type.Array(catalogueName('python')),
      taskIsolations: Type.Array(oneOf(taskIsolationNames), {
        description: 'How far tasks can be kept from their neighbours here, the usual one first.',
        examples: [['vm']],
      }),
      status: oneOf(['ok', 'degraded']),
      trouble: nullable(
        Type.Object(
          {
            detail: Type.String({ examples: ['The API server does not answer: connect refused.'] }),
            since: Timestamp,
          },
          { additionalProperties: false, description: 'What is wrong while it is degraded.' },
        ),
      ),
      capacity: nullable(amounts),
      occupied: nullable(amounts),
    },
    {
      additionalProperties: false,
      description: 'Both are null while the place does not answer.',
    },
  ),
)
export type Pool = Static<typeof Pool>
export const PoolList = listOf('PoolList', Pool)
