import type { ApiClient } from '../client/api-client.ts'
import type { LeaseBrowser } from '../client/lease-browser.ts'
import type { PlatformProcess } from '../client/platform-process.ts'
import type { SshIdentity } from '../client/ssh.ts'

/** What the chapters share: the platform, a renter with a browser and a key, and an operator. */
export type Session = {
  readonly platform: PlatformProcess
  readonly renter: ApiClient
  readonly operator: ApiClient
  readonly browser: LeaseBrowser
  readonly identity: SshIdentity
}
