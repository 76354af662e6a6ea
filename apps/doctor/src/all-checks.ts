import type { Log } from '@leasehold/application'
import type { Config } from '@leasehold/config'
import { checkDatabase } from './checks/database.ts'
import { checkDisk } from './checks/disk.ts'
import { checkGatewayKey } from './checks/gateway-key.ts'
import { checkIdentity } from './checks/identity.ts'
import { checkObjectStore } from './checks/object-store.ts'
import { checkPools } from './checks/pools.ts'
import { checkQueue } from './checks/queue.ts'
import { checkRunningApps } from './checks/running-apps.ts'
import { checkSettings } from './checks/settings.ts'
import type { Check } from './run-checks.ts'

/** Everything there is to look at in the installation that these settings describe. */
export function allChecks(config: Config, log: Log): readonly Check[] {
  return [
    checkSettings(config),
    checkDisk(config),
    ...checkDatabase(config),
    ...checkQueue(config),
    ...checkIdentity(config),
    ...checkObjectStore(config, log),
    ...checkPools(config, log),
    ...checkRunningApps(config),
    ...checkGatewayKey(config),
  ]
}
