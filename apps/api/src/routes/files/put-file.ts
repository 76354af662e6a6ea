import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { PutFile } from '@leasehold/application'
import { FileObject, FileParams } from '@leasehold/contract'
import { Type } from 'typebox'
import { signalOf } from '../../plugins/time-limit.ts'
import { answer, problems } from '../answers.ts'
import { streamedBody, takeBodiesAsStreams } from '../streamed-body.ts'
import { sha256FromDigest } from './content-digest.ts'
import { fileView } from './file-view.ts'

const schema = {
  operationId: 'putFile',
  summary: 'Store a file',
  description:
    'Send the bytes as the body with `Content-Length`. With `Content-Digest` (RFC 9530, sha-256) content that differs is refused and nothing is stored. An existing file is replaced.',
  tags: ['files'],
  params: FileParams,
  headers: Type.Object({
    'content-digest': Type.Optional(
      Type.String({
        maxLength: 1_024,
        examples: ['sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'],
      }),
    ),
  }),
  response: { 201: answer('Stored.', FileObject), ...problems(411, 413, 415) },
}

/** PUT /v1/files/* */
export const putFileRoute: FastifyPluginAsyncTypebox<{
  putFile: PutFile
  uploadLimitBytes: number
  transferTimeoutMs: number
}> = async (app, { putFile, uploadLimitBytes, transferTimeoutMs }) => {
  takeBodiesAsStreams(app)
  const config = { timeLimitMs: transferTimeoutMs }

  app.put('/*', { schema, config }, async (request, reply) => {
    const path = request.params['*']
    const sha256 = sha256FromDigest(request.headers['content-digest'])
    const { body, sizeBytes } = streamedBody(request, uploadLimitBytes)
    const contentType = contentTypeFrom(request.headers['content-type'])
    request.note('sizeBytes', sizeBytes)

    const command = { tenantId: request.tenantId, path, body, sizeBytes, contentType, sha256 }
    const object = await putFile(command, signalOf(request))

    return reply.code(201).send(fileView(object))
  })
}

/** Kept as the client said it, when it is a plain media type; it is only ever given back to them. */
function contentTypeFrom(header: string | undefined): string {
  const form =
    /^[A-Za-z0-9!#$&^_.+-]{1,64}\/[A-Za-z0-9!#$&^_.+-]{1,64}(; ?charset=[A-Za-z0-9_-]{1,32})?$/
  return header !== undefined && form.test(header) ? header : 'application/octet-stream'
}
