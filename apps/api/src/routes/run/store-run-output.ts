import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { StoreRunOutput } from '@leasehold/application'
import { FileParams } from '@leasehold/contract'
import { DomainError } from '@leasehold/domain'
import { bearerToken } from '../../plugins/authentication.ts'
import { signalOf } from '../../plugins/time-limit.ts'
import { fileView } from '../files/file-view.ts'
import { streamedBody, takeBodiesAsStreams } from '../streamed-body.ts'

type Options = {
  readonly storeRunOutput: StoreRunOutput
  readonly uploadLimitBytes: number
  readonly transferTimeoutMs: number
}

/** PUT /run/v1/outputs/*: one file of the outputs folder, with its SHA-256 in `Leasehold-Sha256` */
export const storeRunOutputRoute: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { storeRunOutput, uploadLimitBytes, transferTimeoutMs },
) => {
  takeBodiesAsStreams(app)
  const schema = { operationId: 'storeRunOutput', params: FileParams }
  const config = { timeLimitMs: transferTimeoutMs }

  app.put('/outputs/*', { schema, config }, async (request, reply) => {
    const credential = bearerToken(request)
    const sha256 = sha256From(request.headers['leasehold-sha256'])
    const output = { path: request.params['*'], ...streamedBody(request, uploadLimitBytes), sha256 }

    const object = await storeRunOutput(credential, output, signalOf(request))

    return reply.code(201).send(fileView(object))
  })
}

function sha256From(header: string | string[] | undefined): string | null {
  if (header === undefined) return null
  if (typeof header === 'string' && /^[0-9a-f]{64}$/.test(header)) return header
  throw new DomainError(
    'request/invalid',
    'Leasehold-Sha256 is 64 lower-case hex digits.',
    {},
    '/headers/leasehold-sha256',
  )
}
