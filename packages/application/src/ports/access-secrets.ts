import type { LeaseId } from '@leasehold/domain'

/** Secrets of machines, derived from the platform's key: the same for the same lease, stored nowhere. */
export interface AccessSecrets {
  /** ed25519 host key, the same for the whole life of a lease. `publicLine` is `ssh-ed25519 AAAA…`. */
  hostKey(id: LeaseId): { readonly privateOpenSsh: string; readonly publicLine: string }
  /** Token that the gateway presents to the machine's Jupyter; never shown to the renter. */
  jupyterToken(id: LeaseId): string
}
