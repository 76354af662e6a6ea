import type {
  DescribeFile,
  IssueFileCredentials,
  ListFiles,
  PutFile,
  RemoveFile,
} from '@leasehold/application'
import type { FastifyPluginAsync } from 'fastify'
import { getFileRoute } from './get-file.ts'
import { issueFileCredentialsRoute } from './issue-file-credentials.ts'
import { listFilesRoute } from './list-files.ts'
import { putFileRoute } from './put-file.ts'
import { removeFileRoute } from './remove-file.ts'

export type FileUseCases = {
  readonly listFiles: ListFiles
  readonly putFile: PutFile
  readonly describeFile: DescribeFile
  readonly removeFile: RemoveFile
  readonly issueFileCredentials: IssueFileCredentials
}

/** /v1/files */
export const fileRoutes: FastifyPluginAsync<{
  readonly useCases: FileUseCases & {
    readonly uploadLimitBytes: number
    readonly transferTimeoutMs: number
  }
}> = async (app, { useCases }) => {
  await app.register(listFilesRoute, useCases)
  await app.register(putFileRoute, useCases)
  await app.register(getFileRoute, useCases)
  await app.register(removeFileRoute, useCases)
  await app.register(issueFileCredentialsRoute, useCases)
}
