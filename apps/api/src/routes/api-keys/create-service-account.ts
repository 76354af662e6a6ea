import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { CreateServiceAccount } from '@leasehold/application'
import { CreateServiceAccountBody, ref, ServiceAccount } from '@leasehold/contract'
import { answer, bodyProblems } from '../answers.ts'
import { serviceAccountView } from './service-account-view.ts'

const schema = {
  operationId: 'createServiceAccount',
  summary: 'Make a service account, for programs to act as',
  tags: ['api-keys'],
  body: ref(CreateServiceAccountBody),
  response: { 201: answer('The account.', ServiceAccount), ...bodyProblems(409, 422) },
}

/** POST /v1/service-accounts */
export const createServiceAccountRoute: FastifyPluginAsyncTypebox<{
  createServiceAccount: CreateServiceAccount
}> = async (app, { createServiceAccount }) => {
  app.post('', { schema }, async (request, reply) => {
    const { tenantId, memberId, body, seed } = request

    const account = await createServiceAccount({
      tenantId,
      memberId,
      ...body,
      idempotencyKey: seed ?? null,
    })

    return reply.code(201).send(serviceAccountView(account))
  })
}
