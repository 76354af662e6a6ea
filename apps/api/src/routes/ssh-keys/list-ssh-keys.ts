import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListSshKeys } from '@leasehold/application'
import { pageQuery, SshKeyPage } from '@leasehold/contract'
import { Type } from 'typebox'
import { answer, problems } from '../answers.ts'
import { pageFrom } from '../list-query.ts'
import { sshKeyView } from './ssh-key-view.ts'

const schema = {
  operationId: 'listSshKeys',
  summary: 'List the keys on file, newest first',
  tags: ['ssh-keys'],
  querystring: Type.Object(pageQuery, { additionalProperties: false }),
  response: { 200: answer('One page.', SshKeyPage), ...problems() },
}

/** GET /v1/ssh-keys */
export const listSshKeysRoute: FastifyPluginAsyncTypebox<{ listSshKeys: ListSshKeys }> = async (
  app,
  { listSshKeys },
) => {
  app.get('', { schema }, async (request) => {
    const page = await listSshKeys(request.tenantId, pageFrom(request.query))

    return { items: page.items.map(sshKeyView), next: page.next }
  })
}
