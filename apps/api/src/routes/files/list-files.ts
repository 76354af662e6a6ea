import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListFiles } from '@leasehold/application'
import { FilePage, ListFilesQuery } from '@leasehold/contract'
import { signalOf } from '../../plugins/time-limit.ts'
import { answer, problems } from '../answers.ts'
import { pageFrom } from '../list-query.ts'
import { fileView } from './file-view.ts'

const schema = {
  operationId: 'listFiles',
  summary: 'List files of the bucket, in order of path',
  tags: ['files'],
  querystring: ListFilesQuery,
  response: { 200: answer('One page.', FilePage), ...problems() },
}

/** GET /v1/files */
export const listFilesRoute: FastifyPluginAsyncTypebox<{ listFiles: ListFiles }> = async (
  app,
  { listFiles },
) => {
  app.get('', { schema }, async (request) => {
    const { query, tenantId } = request

    const page = await listFiles(tenantId, query.prefix ?? '', pageFrom(query), signalOf(request))

    return { items: page.items.map(fileView), next: page.next }
  })
}
