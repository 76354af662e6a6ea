import { catalogueName, id } from '@leasehold/contract'
import { Type } from 'typebox'

const params = <Name extends string>(name: Name, example: string) =>
  Type.Object({ [name]: id(example) } as Record<Name, ReturnType<typeof id>>, {
    additionalProperties: false,
  })

export const LeaseParams = params('leaseId', 'lse_0193a7c2')
export const TaskParams = params('taskId', 'tsk_0193a7c2')
export const SshKeyParams = params('id', 'key_0193a7c2')
export const ServiceAccountParams = params('accountId', 'svc_0193a7c2')
export const ApiKeyParams = params('keyId', 'apk_0193a7c2')
export const TenantParams = params('tenantId', 'ten_acme')

const memberId = Type.String({
  pattern: '^[A-Za-z0-9._-]{1,255}$',
  description: 'The `sub` of their tokens.',
  examples: ['e568f5b5-a980-462b-8833-b3f059000b1e'],
})
export const MemberParams = Type.Object({ memberId }, { additionalProperties: false })
export const TenantMemberParams = Type.Object(
  { tenantId: id('ten_acme'), memberId },
  { additionalProperties: false },
)

export const NameParams = Type.Object(
  { name: catalogueName('tiny') },
  { additionalProperties: false },
)
