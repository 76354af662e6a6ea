import type { IncomingMessage } from 'node:http'
import { DomainError } from '@leasehold/domain'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Within this part of the app, bodies of every media type are handed on as streams and never parsed. */
export function takeBodiesAsStreams(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
}

/** The body and the length its sender promised; Node's parser holds them to it. */
export type StreamedBody = { readonly body: AsyncIterable<Uint8Array>; readonly sizeBytes: number }

/**
 * Throws `file/length-required` where no length was promised and `file/too-large` above the limit,
 * before a byte of the body is read.
 */
export function streamedBody(request: FastifyRequest, limitBytes: number): StreamedBody {
  const header = request.headers['content-length']
  if (header === undefined || !/^[0-9]{1,15}$/.test(header))
    throw new DomainError(
      'file/length-required',
      'Say the size of the file in Content-Length; chunked uploads are not taken.',
    )
  const sizeBytes = Number(header)
  if (sizeBytes > limitBytes)
    throw new DomainError(
      'file/too-large',
      `A file may have at most ${limitBytes} bytes; this one has ${sizeBytes}.`,
      { limit: limitBytes, asked: sizeBytes },
    )
  const body = request.body as IncomingMessage | undefined
  return { body: body ?? nothing(), sizeBytes }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
