/** What a platform under test stands on, and how its parts are taken away and brought back. */
export type Stack = {
  /** Beside those that every platform under test has. */
  readonly settings: Readonly<Record<string, string>>
  /** Parts that /readyz calls failing when the database is away. */
  readonly lostWithDatabase: readonly string[]
  /** Of a role that sees every row. */
  databaseUrl(): Promise<string>
  /** Process id of the server that the others belong to. */
  databasePid(): Promise<number>
  /** Whoever watches over the database starts it again after its death, unless the platform does. */
  reviveDatabase(): Promise<void>
  /** Kills the database as soon as it is there again. Returns how to leave it alone. */
  keepKillingDatabase(): Promise<() => Promise<void>>
  /** Throws away whatever the queue holds, running jobs and all; says how much that was. */
  emptyQueue(): Promise<number>
  /** Takes Redis away, where it is one. Returns how to bring it back. */
  takeQueue(): Promise<() => Promise<void>>
  /** Lets Keycloak hang, where it is one. Returns how to let it go on. */
  takeIdentity(): Promise<() => void>
  storePid(): Promise<number>
  /** What must be in no log, with the name of each. */
  secrets(): Promise<readonly (readonly [string, string])[]>
  /** Lets the tenants in that clients belong to; once the platform serves for the first time. */
  onboard(platform: { readonly operator: string; readonly issuer: string }): Promise<void>
  /** Ends what does not end with the platform. */
  stop(): Promise<void>
}
