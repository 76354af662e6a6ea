import type { LeaseId } from '@leasehold/domain'

/** An ed25519 host key. `privateOpenSsh` is a file as OpenSSH writes it, `publicLine` is `ssh-ed25519 AAAA…`. */
export type HostKey = { readonly privateOpenSsh: string; readonly publicLine: string }

/** Secrets of machines, derived from the platform's key: the same for the same lease, stored nowhere. */
export interface AccessSecrets {
  /** The same for the whole life of a lease. */
  hostKey(id: LeaseId): HostKey
  /** The identity of the gateway's SSH jump host. */
  gatewayHostKey(): HostKey
  /** Token that the gateway presents to the machine's Jupyter; never shown to the renter. */
  jupyterToken(id: LeaseId): string
}
