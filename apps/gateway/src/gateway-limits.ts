/** What one renter may take from the gateway, and how long it waits for anyone. */
export type GatewayLimits = {
  readonly bodyBytes: number
  /** Largest WebSocket message. */
  readonly messageBytes: number
  /** What may wait for a side of a WebSocket that does not read. */
  readonly bufferedBytes: number
  /** A machine that says nothing for so long is given up on. */
  readonly idleMs: number
  readonly handshakeMs: number
  /** Whole requests must have arrived within this time. */
  readonly requestMs: number
  /** Requests, WebSockets and SSH connections of one lease at once. */
  readonly connectionsPerLease: number
  /** How often open connections are looked at. */
  readonly checkEveryMs: number
  /** From the first byte of an SSH connection to its login. */
  readonly sshLoginMs: number
  readonly sshAttempts: number
  readonly sshConnections: number
  readonly sshLoginsAtOnce: number
  readonly sshChannels: number
  readonly sshConnectMs: number
}

const mebibyte = 1_048_576

export const defaultGatewayLimits: GatewayLimits = {
  bodyBytes: 256 * mebibyte,
  messageBytes: 64 * mebibyte,
  bufferedBytes: 64 * mebibyte,
  idleMs: 120_000,
  handshakeMs: 60_000,
  requestMs: 600_000,
  connectionsPerLease: 256,
  checkEveryMs: 1_000,
  sshLoginMs: 20_000,
  sshAttempts: 8,
  sshConnections: 1_000,
  sshLoginsAtOnce: 100,
  sshChannels: 16,
  sshConnectMs: 10_000,
}
