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

export const NameParams = Type.Object(
  { name: catalogueName('tiny') },
  { additionalProperties: false },
)
