import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { OpenJupyterLink } from '@leasehold/application'
import { JupyterLink } from '@leasehold/contract'
import type { LeaseId } from '@leasehold/domain'
import { answer, bodyProblems, timestamp } from '../answers.ts'
import { LeaseParams } from '../id-params.ts'

const schema = {
  operationId: 'openJupyterLink',
  summary: 'Get a one-time link to Jupyter',
  description:
    'Open the link in a browser: it works once and sets a cookie. A repetition with the same Idempotency-Key gives another link: links are secret and not stored.',
  tags: ['leases'],
  params: LeaseParams,
  response: { 201: answer('The link.', JupyterLink), ...bodyProblems(404, 409) },
}

/** POST /v1/leases/:leaseId/jupyter-link */
export const openJupyterLinkRoute: FastifyPluginAsyncTypebox<{
  openJupyterLink: OpenJupyterLink
}> = async (app, { openJupyterLink }) => {
  const config = { answerIsSecret: true } as const
  app.post('/:leaseId/jupyter-link', { schema, config }, async (request, reply) => {
    const leaseId = request.params.leaseId as LeaseId
    request.note('leaseId', leaseId)

    const { url, expiresAt } = await openJupyterLink({
      tenantId: request.tenantId,
      memberId: request.memberId,
      leaseId,
    })

    return reply.code(201).send({ url, expiresAt: timestamp(expiresAt) })
  })
}
