import { DomainError, type Instant, type LeaseId } from '@leasehold/domain'
import type { LeaseCommand } from '../leases/change-lease.ts'
import { findLease } from '../leases/find-lease.ts'
import type { AccessStore } from '../ports/access-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import type { LeaseStore } from '../ports/lease-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'

export type JupyterLink = { readonly url: string; readonly expiresAt: Instant }
export type OpenJupyterLinkDeps = {
  readonly leases: Pick<LeaseStore, 'find'>
  readonly access: Pick<AccessStore, 'storeCode'>
  readonly ids: Pick<Ids, 'secret' | 'sha256'>
  readonly clock: Clock
  readonly rules: RentalRules
  /** The lease's own origin at the gateway, without a slash at the end. */
  readonly jupyterOrigin: (id: LeaseId) => string
}
export type OpenJupyterLink = (command: LeaseCommand) => Promise<JupyterLink>

/** A link that opens a ready machine's Jupyter once, within a minute. Only a hash of its code is stored. */
export function makeOpenJupyterLink(deps: OpenJupyterLinkDeps): OpenJupyterLink {
  return async ({ tenantId, memberId, leaseId }) => {
    const lease = await findLease(deps.leases, tenantId, leaseId)
    if (lease.state !== 'ready' || lease.address.jupyterPort === null)
      throw new DomainError(
        'lease/action-not-possible',
        lease.state === 'ready'
          ? 'This machine has no Jupyter.'
          : `A lease that is ${lease.state} has no Jupyter to open; wait until it is ready.`,
        { state: lease.state, action: 'open-jupyter' },
      )
    const code = deps.ids.secret()
    const expiresAt = deps.clock.now() + deps.rules.jupyterCodeMs
    await deps.access.storeCode(deps.ids.sha256(code), { tenantId, leaseId, memberId, expiresAt })
    return { url: `${deps.jupyterOrigin(leaseId)}/_leasehold/open/${code}`, expiresAt }
  }
}
