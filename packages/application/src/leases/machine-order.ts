import { hostNameOf, type Provisioning } from '@leasehold/domain'
import type { AccessSecrets } from '../ports/access-secrets.ts'
import type { MachineOrder } from '../ports/machine-driver.ts'

/** What a driver needs to make this lease's next machine. */
export function machineOrder(lease: Provisioning, secrets: AccessSecrets): MachineOrder {
  const hostKey = secrets.hostKey(lease.id)
  return {
    leaseId: lease.id,
    tenantId: lease.tenantId,
    machineType: lease.machineType,
    generation: lease.generation,
    shape: lease.shape,
    image: lease.image,
    hostName: hostNameOf(lease),
    authorizedKeys: lease.authorizedKeys,
    hostKeyPrivate: hostKey.privateOpenSsh,
    hostKeyPublic: hostKey.publicLine,
    jupyterToken: secrets.jupyterToken(lease.id),
  }
}
