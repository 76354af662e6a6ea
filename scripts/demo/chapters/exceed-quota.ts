import type { Me, Quota } from '@leasehold/contract'
import { RequestRefused } from '../../client/api-client.ts'
import type { Tell } from '../narrator.ts'
import type { Session } from '../session.ts'

type QuotaList = { readonly items: readonly Quota[] }

/** The operator lowers the tenant's limit to what it uses; the tenant asks for more and is told the numbers. */
export async function exceedQuota(session: Session, tell: Tell): Promise<void> {
  const { renter, operator, identity } = session
  const before = await vcpuQuota(renter)
  const { tenant } = await renter.get<Me>('/v1/me')
  const path = `/v1/tenants/${tenant.id}/quotas`
  const setLimit = (limit: number) =>
    operator.send<QuotaList>('PUT', path, { json: { limits: [{ resource: 'vcpu', limit }] } })
  await setLimit(before.used)
  tell(
    `the operator sets the limit of acme to the ${before.used} vCPU it uses (was ${before.limit})`,
  )
  try {
    await renter.send('POST', '/v1/leases', {
      json: { machineType: 'tiny', sshPublicKeys: [identity.publicKey] },
    })
    throw new Error('a lease past the limit was accepted')
  } catch (error) {
    if (!(error instanceof RequestRefused) || error.problem.code !== 'quota/exceeded') throw error
    tell(`${error.status} ${error.problem.code}: ${error.problem.detail}`)
    tell(JSON.stringify(error.problem.facts))
  } finally {
    await setLimit(before.limit)
  }
  tell(`the limit is ${before.limit} again`)
}

async function vcpuQuota(renter: Session['renter']): Promise<Quota> {
  const { items } = await renter.get<QuotaList>('/v1/quota')
  const quota = items.find(({ resource }) => resource === 'vcpu')
  if (quota === undefined) throw new Error('the tenant has no limit of vcpu')
  return quota
}
