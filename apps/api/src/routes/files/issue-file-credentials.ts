import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { IssueFileCredentials } from '@leasehold/application'
import { FileCredentials, FileCredentialsBody, ref } from '@leasehold/contract'
import { requirePermission, scopeOf } from '../../plugins/tenant-scope.ts'
import { signalOf } from '../../plugins/time-limit.ts'
import { answer, bodyProblems, timestamp } from '../answers.ts'

const schema = {
  operationId: 'issueFileCredentials',
  summary: 'Get short-lived keys for an S3 client of your own',
  description:
    'The keys reach your bucket and nothing else, until `expiresAt`; what lies below `tasks/` can be read and not changed. 409 `bucket/credentials-unavailable` where the platform’s object store cannot limit keys like that. A repetition with the same Idempotency-Key gives other keys: they are secret and not stored.',
  tags: ['files'],
  body: ref(FileCredentialsBody),
  response: { 201: answer('The keys.', FileCredentials), ...bodyProblems(409) },
}

/** POST /v1/files/credentials */
export const issueFileCredentialsRoute: FastifyPluginAsyncTypebox<{
  issueFileCredentials: IssueFileCredentials
}> = async (app, { issueFileCredentials }) => {
  const config = { answerIsSecret: true } as const
  app.post('/credentials', { schema, config }, async (request, reply) => {
    const { access = 'read', expiresInSeconds = 900 } = request.body
    if (access === 'read-write') requirePermission(scopeOf(request), 'files:write')
    request.note('access', access)

    const { expiresAt, ...rest } = await issueFileCredentials(
      request.tenantId,
      access,
      expiresInSeconds,
      signalOf(request),
    )

    return reply.code(201).send({ ...rest, access, expiresAt: timestamp(expiresAt) })
  })
}
