import type { LeaseId, TaskId } from '@leasehold/domain'

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
  /**
   * The credential of one run, 256 bits, base64url. Derived, so that an order that is given twice (the
   * first answer was lost) names the same credential, and the machine that exists holds a valid one.
   */
  runCredential(id: TaskId, attempt: number): string
}
