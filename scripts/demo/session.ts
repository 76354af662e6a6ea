import type { ApiClient } from '../client/api-client.ts'
import type { LeaseBrowser } from '../client/lease-browser.ts'
import type { PlatformProcess } from '../client/platform-process.ts'
import type { SshIdentity } from '../client/ssh.ts'
import type { DemoCluster } from './kubernetes/demo-cluster.ts'

/** What the chapters share: the platform, a renter with a browser and a key, and an operator. */
export type Session = {
  readonly platform: PlatformProcess
  readonly renter: ApiClient
  readonly operator: ApiClient
  readonly browser: LeaseBrowser
  readonly identity: SshIdentity
}

/** The cluster that the machines of the tour run on; null: they run on this computer. */
export type TourPlace = {
  readonly demo: DemoCluster
  /** `address:port` of the run API, as machines reach it. */
  readonly runApi: string
} | null
