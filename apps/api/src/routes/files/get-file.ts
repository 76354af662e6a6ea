import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { DescribeFile } from '@leasehold/application'
import { FileDownload, FileParams } from '@leasehold/contract'
import { signalOf } from '../../plugins/time-limit.ts'
import { answer, problems, timestamp } from '../answers.ts'
import { fileView } from './file-view.ts'

const schema = {
  operationId: 'getFile',
  summary: 'Look at a file and get a link to download it',
  tags: ['files'],
  params: FileParams,
  response: { 200: answer('The file and its link.', FileDownload), ...problems(404) },
}

/** GET /v1/files/* */
export const getFileRoute: FastifyPluginAsyncTypebox<{ describeFile: DescribeFile }> = async (
  app,
  { describeFile },
) => {
  app.get('/*', { schema }, async (request) => {
    const report = await describeFile(request.tenantId, request.params['*'], signalOf(request))

    return {
      ...fileView(report.object),
      downloadUrl: report.downloadUrl,
      downloadUrlExpiresAt: timestamp(report.downloadUrlExpiresAt),
    }
  })
}
