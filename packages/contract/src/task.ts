import { type Static, Type } from 'typebox'
import { GpuCount, Resources } from './machine-type.ts'
import {
  catalogueName,
  component,
  displayName,
  id,
  Labels,
  labelQuery,
  Micros,
  nullable,
  oneOf,
  pageOf,
  pageQuery,
  ref,
  Timestamp,
} from './schema-parts.ts'

export const taskStateNames = [
  'queued',
  'starting',
  'running',
  'ending',
  'succeeded',
  'failed',
  'cancelled',
  'timed-out',
] as const

/** Weakest first. */
export const taskIsolationNames = ['container', 'kata', 'vm'] as const

export const taskReasonNames = [
  'exited-zero',
  'exited-nonzero',
  'cancelled-by-tenant',
  'tenant-removed',
  'time-limit',
  'queue-timed-out',
  'start-timed-out',
  'machine-lost',
  'machine-refused',
  'agent-lost',
  'input-missing',
  'outputs-failed',
  'out-of-memory',
  'out-of-disk',
  'interrupted',
] as const

/** A path inside the tenant’s bucket, or below a task’s working folder. */
export function bucketPath(example: string) {
  return Type.String({
    minLength: 1,
    maxLength: 900,
    pattern: '^[^\\u0000-\\u001f\\u007f\\\\]*$',
    examples: [example],
  })
}

const noNul = '^[^\\u0000]*$'

/** An object of the bucket (or, with a trailing `/`, all below it), placed at `path`. */
export const TaskInput = component(
  'TaskInput',
  Type.Object(
    { from: bucketPath('data/train.csv'), path: bucketPath('data/train.csv') },
    { additionalProperties: false },
  ),
)

export const TaskProgress = component(
  'TaskProgress',
  Type.Object(
    {
      fraction: Type.Number({ minimum: 0, maximum: 1, examples: [0.42] }),
      text: Type.String({ maxLength: 500, examples: ['epoch 3 of 7'] }),
    },
    { additionalProperties: false, description: 'From a line `::progress 0.42 text`.' },
  ),
)

export const TaskExit = component(
  'TaskExit',
  Type.Object(
    {
      code: nullable(Type.Integer({ minimum: 0, maximum: 255, examples: [0] })),
      signal: nullable(Type.String({ maxLength: 32, examples: ['SIGKILL'] })),
    },
    { additionalProperties: false },
  ),
)

/** A script that runs once, in a machine of its own. */
export const Task = component(
  'Task',
  Type.Object(
    {
      id: id('tsk_0193a7c2'),
      name: displayName('train'),
      labels: Labels,
      state: oneOf(taskStateNames),
      reason: nullable(oneOf(taskReasonNames)),
      enteredStateAt: Timestamp,
      deadlineAt: nullable(
        Type.String({
          format: 'date-time',
          description: 'When the state ends by itself at the latest; null in an end state.',
        }),
      ),
      position: nullable(
        Type.Integer({ minimum: 1, description: 'Place in the queue; 1 starts next.' }),
      ),
      waitingFor: nullable(
        Type.String({ examples: ['memory-mib in the pool: needs 2048, free 0'] }),
      ),
      progress: nullable(ref(TaskProgress)),
      exit: nullable(ref(TaskExit)),
      actions: Type.Array(oneOf(['cancel'])),
      framework: Type.String({ examples: ['python'] }),
      image: catalogueName('debian-12'),
      pool: catalogueName('local'),
      resources: ref(Resources),
      isolation: nullable(
        oneOf(taskIsolationNames, {
          description: 'How far it is kept from its neighbours; null: as is usual in the pool.',
        }),
      ),
      arguments: Type.Array(Type.String()),
      environmentNames: Type.Array(Type.String(), {
        description: 'Names only: values may be secret and are not shown again.',
      }),
      inputs: Type.Array(ref(TaskInput)),
      outputsPath: Type.String({ examples: ['outputs/'] }),
      outputsPrefix: Type.String({
        description: 'Where outputs and log lie in the bucket.',
        examples: ['tasks/tsk_0193a7c2/'],
      }),
      priority: Type.Integer(),
      timeLimitSeconds: Type.Integer(),
      attempt: Type.Integer({ description: 'How many runs have been started.' }),
      pricePerHourMicros: Micros,
      startedAt: nullable(Timestamp),
      endedAt: nullable(Timestamp),
      createdAt: Timestamp,
      createdBy: Type.String(),
    },
    { additionalProperties: false },
  ),
)
export type Task = Static<typeof Task>
export const TaskPage = pageOf('TaskPage', Task)

export const SubmitTaskBody = component(
  'SubmitTaskBody',
  Type.Object(
    {
      name: Type.Optional(displayName('train')),
      script: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 262_144,
          pattern: noNul,
          description: 'The script itself, at most 256 KiB. Give this or `scriptPath`.',
          examples: ["print('hello')"],
        }),
      ),
      scriptPath: Type.Optional(bucketPath('scripts/train.py')),
      framework: Type.Optional(catalogueName('python')),
      image: Type.Optional(catalogueName('debian-12')),
      pool: Type.Optional(catalogueName('local')),
      arguments: Type.Optional(
        Type.Array(Type.String({ maxLength: 4_096, pattern: noNul }), {
          maxItems: 256,
          examples: [['--epochs', '7']],
        }),
      ),
      environment: Type.Optional(
        Type.Record(
          Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' }),
          Type.String({ maxLength: 8_192, pattern: '^[^\\u0000\\r\\n]*$' }),
          {
            maxProperties: 128,
            additionalProperties: false,
            propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' },
            examples: [{ EPOCHS: '7' }],
          },
        ),
      ),
      inputs: Type.Optional(Type.Array(ref(TaskInput), { maxItems: 64 })),
      outputsPath: Type.Optional(bucketPath('outputs')),
      machineType: Type.Optional(catalogueName('tiny')),
      cpu: Type.Optional(Type.Integer({ minimum: 1, maximum: 256, examples: [1] })),
      memoryMiB: Type.Optional(
        Type.Integer({ minimum: 128, maximum: 16_777_216, examples: [1_024] }),
      ),
      diskGiB: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536, examples: [4] })),
      gpus: Type.Optional(Type.Array(ref(GpuCount), { maxItems: 8 })),
      isolation: Type.Optional(
        oneOf(taskIsolationNames, {
          description:
            'How far it is kept from its neighbours: a `container`, a container with a kernel of its own (`kata`), or a machine (`vm`). Without it: as is usual in the pool. Pools say what they offer.',
          examples: ['vm'],
        }),
      ),
      timeLimitSeconds: Type.Optional(
        Type.Integer({ minimum: 10, maximum: 31_536_000, examples: [600] }),
      ),
      priority: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 100,
          description: 'Higher starts first.',
          examples: [50],
        }),
      ),
      labels: Type.Optional(Labels),
    },
    {
      additionalProperties: false,
      examples: [
        {
          framework: 'python',
          script: "print('hello')",
          machineType: 'tiny',
          timeLimitSeconds: 600,
        },
      ],
    },
  ),
)
export type SubmitTaskBody = Static<typeof SubmitTaskBody>

export const ListTasksQuery = Type.Object(
  {
    ...pageQuery,
    ...labelQuery,
    state: Type.Optional(
      Type.Array(oneOf(taskStateNames), { maxItems: taskStateNames.length, uniqueItems: true }),
    ),
  },
  { additionalProperties: false },
)
