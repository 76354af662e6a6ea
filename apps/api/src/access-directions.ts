import type { LeaseAccess } from '@leasehold/contract'
import type { LeaseId, Ready } from '@leasehold/domain'

/** How a renter reaches a ready machine from outside; known to the composition root. */
export type AccessDirections = {
  ssh(lease: Ready): LeaseAccess['ssh']
  /** The origin on which the gateway serves this lease's Jupyter. */
  jupyterOrigin(id: LeaseId): string
}
