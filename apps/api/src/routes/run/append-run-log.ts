import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AppendRunLog } from '@leasehold/application'
import { RunLogAnswer, RunLogQuery } from '@leasehold/contract'
import { bearerToken } from '../../plugins/authentication.ts'

const schema = {
  operationId: 'appendRunLog',
  querystring: RunLogQuery,
  response: { 200: RunLogAnswer },
}
const mostBytes = 1_048_576

/** POST /run/v1/log?offset=N: output of the script, in pieces of at most 1 MiB */
export const appendRunLogRoute: FastifyPluginAsyncTypebox<{ appendRunLog: AppendRunLog }> = async (
  app,
  { appendRunLog },
) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: mostBytes },
    (_request, bytes, done) => done(null, bytes),
  )

  app.post('/log', { schema, bodyLimit: mostBytes }, async (request) => {
    const bytes = (request.body as Uint8Array | undefined) ?? new Uint8Array()

    return appendRunLog(bearerToken(request), request.query.offset, bytes)
  })
}
