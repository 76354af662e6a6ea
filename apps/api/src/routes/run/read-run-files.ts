import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { OpenRunInput, ReadRunScript, RunFile } from '@leasehold/application'
import { RunInputParams } from '@leasehold/contract'
import type { FastifyReply } from 'fastify'
import { bearerToken } from '../../plugins/authentication.ts'
import { signalOf } from '../../plugins/time-limit.ts'

type Options = {
  readonly readRunScript: ReadRunScript
  readonly openRunInput: OpenRunInput
  readonly transferTimeoutMs: number
}

/** GET /run/v1/script and GET /run/v1/inputs/:index: what the run is made of, as bytes */
export const readRunFilesRoute: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { readRunScript, openRunInput, transferTimeoutMs },
) => {
  const config = { timeLimitMs: transferTimeoutMs }

  app.get('/script', { config, schema: { operationId: 'readRunScript' } }, async (request, reply) =>
    sendFile(reply, await readRunScript(bearerToken(request), signalOf(request))),
  )
  app.get(
    '/inputs/:index',
    { config, schema: { operationId: 'openRunInput', params: RunInputParams } },
    async (request, reply) => {
      const { index } = request.params
      return sendFile(reply, await openRunInput(bearerToken(request), index, signalOf(request)))
    },
  )
}

function sendFile(reply: FastifyReply, { sizeBytes, body }: RunFile): FastifyReply {
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-length', String(sizeBytes))
    .send(Readable.from(body, { objectMode: false }))
}
