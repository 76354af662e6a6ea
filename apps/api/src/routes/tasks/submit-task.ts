import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { SubmitTask, SubmitTaskCommand } from '@leasehold/application'
import { ref, SubmitTaskBody, Task } from '@leasehold/contract'
import {
  DomainError,
  type GpuDemand,
  type ImageName,
  type MachineTypeName,
  type PoolName,
} from '@leasehold/domain'
import { signalOf } from '../../plugins/time-limit.ts'
import { answer, bodyProblems } from '../answers.ts'
import { taskView } from './task-view.ts'

const schema = {
  operationId: 'submitTask',
  summary: 'Run a script in a machine of its own',
  description:
    'Give the script inline (`script`, at most 256 KiB) or as a file of the bucket (`scriptPath`). Ask for a `machineType`, or for `cpu`, `memoryMiB`, `diskGiB` and `gpus`.',
  tags: ['tasks'],
  body: ref(SubmitTaskBody),
  response: { 202: answer('Accepted and queued.', Task), ...bodyProblems(404, 409, 422) },
}

/** POST /v1/tasks */
export const submitTaskRoute: FastifyPluginAsyncTypebox<{ submitTask: SubmitTask }> = async (
  app,
  { submitTask },
) => {
  app.post('', { schema }, async (request, reply) => {
    const { tenantId, memberId, body, seed } = request

    const task = await submitTask(
      { tenantId, memberId, ...commandFrom(body), idempotencyKey: seed ?? null },
      signalOf(request),
    )

    request.note('taskId', task.id)
    const view = taskView({ task, queuePosition: null })
    return reply.code(202).header('location', `/v1/tasks/${task.id}`).send(view)
  })
}

type FromBody = Omit<SubmitTaskCommand, 'tenantId' | 'memberId' | 'idempotencyKey'>

function commandFrom(body: SubmitTaskBody): FromBody {
  return {
    name: body.name ?? null,
    labels: body.labels ?? {},
    framework: body.framework ?? null,
    image: (body.image as ImageName | undefined) ?? null,
    pool: (body.pool as PoolName | undefined) ?? null,
    script: scriptFrom(body),
    arguments: body.arguments ?? [],
    environment: body.environment ?? {},
    inputs: body.inputs ?? [],
    outputsPath: body.outputsPath ?? null,
    resources: {
      machineType: (body.machineType as MachineTypeName | undefined) ?? null,
      vcpus: body.cpu ?? null,
      memoryMiB: body.memoryMiB ?? null,
      diskGiB: body.diskGiB ?? null,
      gpus: (body.gpus ?? []) as GpuDemand[],
    },
    isolation: body.isolation ?? null,
    priority: body.priority ?? null,
    timeLimitMs: body.timeLimitSeconds === undefined ? null : body.timeLimitSeconds * 1_000,
  }
}

function scriptFrom({ script, scriptPath }: SubmitTaskBody): SubmitTaskCommand['script'] {
  if (script !== undefined && scriptPath === undefined) return { kind: 'inline', text: script }
  if (scriptPath !== undefined && script === undefined) return { kind: 'object', path: scriptPath }
  throw new DomainError(
    'request/invalid',
    'Give either `script` or `scriptPath`.',
    {},
    script === undefined ? '/script' : '/scriptPath',
  )
}
