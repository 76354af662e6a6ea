import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { AddSshKey } from '@leasehold/application'
import { AddSshKeyBody, ref, SshKey } from '@leasehold/contract'
import { answer, bodyProblems } from '../answers.ts'
import { sshKeyView } from './ssh-key-view.ts'

const schema = {
  operationId: 'addSshKey',
  summary: 'Keep a public key on file',
  tags: ['ssh-keys'],
  body: ref(AddSshKeyBody),
  response: { 201: answer('The key as it is kept.', SshKey), ...bodyProblems(409, 422) },
}

/** POST /v1/ssh-keys */
export const addSshKeyRoute: FastifyPluginAsyncTypebox<{ addSshKey: AddSshKey }> = async (
  app,
  { addSshKey },
) => {
  app.post('', { schema }, async (request, reply) => {
    const { tenantId, memberId, body, seed } = request

    const key = await addSshKey({
      tenantId,
      memberId,
      name: body.name ?? null,
      publicKey: body.publicKey,
      idempotencyKey: seed ?? null,
    })

    return reply.code(201).send(sshKeyView(key))
  })
}
