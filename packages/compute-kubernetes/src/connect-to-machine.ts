import type { ConnectToMachine } from '@leasehold/application'
import type { Dial } from './machines/ssh-readiness.ts'
import { machineName, namespaceOf } from './object-names.ts'

/** Connections to machines by name: an address inside the cluster means nothing outside it. */
export function makeConnectToMachine(dial: Dial, prefix: string): ConnectToMachine {
  return ({ leaseId, tenantId }, port, signal) =>
    dial(
      {
        namespace: namespaceOf(prefix, tenantId),
        name: machineName(leaseId),
        host: machineName(leaseId),
        port,
      },
      signal,
    )
}
