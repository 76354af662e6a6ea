import type { LeaseId, TenantId } from '@leasehold/domain'
import { aLease } from '../builders/a-lease.ts'
import { aShape } from '../builders/a-shape.ts'
import { machineDriverContract } from '../contracts/machine-driver-contract.ts'
import { manualClock } from '../manual-clock.ts'
import { fakeAccessSecrets } from './fake-edges.ts'
import { fakeMachineDriver } from './fake-machine-driver.ts'

machineDriverContract(
  'fake',
  async () => {
    const driver = fakeMachineDriver({ clock: manualClock() })
    const secrets = fakeAccessSecrets()
    let count = 0
    const newOrder = () => {
      const leaseId = `lse_${++count}` as LeaseId
      return {
        leaseId,
        tenantId: 'ten_acme' as TenantId,
        machineType: aLease.queued().machineType,
        generation: 1,
        shape: aShape(),
        image: aLease.queued().image,
        hostName: `machine-${count}`,
        authorizedKeys: aLease.queued().authorizedKeys,
        hostKeyPrivate: secrets.hostKey(leaseId).privateOpenSsh,
        hostKeyPublic: secrets.hostKey(leaseId).publicLine,
        jupyterToken: secrets.jupyterToken(leaseId),
      }
    }
    return {
      driver,
      newOrder,
      newImpossibleOrder: () => ({ ...newOrder(), shape: aShape({ memoryMiB: 99_999_999 }) }),
      killMachine: async (id) => driver.powerOff(id),
      reopen: null,
      close: () => driver.close(),
    }
  },
  { faultRounds: 40 },
)
