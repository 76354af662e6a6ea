import { openDatabase } from '@leasehold/db'
import { developmentOrganizations } from '@leasehold/dev-issuer'
import { defaultLimits, type TenantId } from '@leasehold/domain'
import { aTenant } from '@leasehold/testing'
import { quietLog } from './quiet-log.ts'

/** The tenants that the development issuer's people belong to. */
export async function addTenants(url: string): Promise<void> {
  const { tenants, close } = await openDatabase({ url, maxConnections: 1, log: quietLog })
  for (const [slug, id] of Object.entries(developmentOrganizations))
    await tenants.create(aTenant({ id: id as TenantId, slug }), defaultLimits('dev', []), {
      ...{ kind: 'platform', id: 'test' },
    })
  await close()
}
