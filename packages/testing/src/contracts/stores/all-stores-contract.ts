import { accessStoreContract } from './access-store-contract.ts'
import { apiKeyStoreContract } from './api-key-store-contract.ts'
import { endedSessionStoreContract } from './ended-session-store-contract.ts'
import { leaseResizeContract } from './lease-resize-contract.ts'
import { leaseStandingContract } from './lease-standing-contract.ts'
import { leaseStoreContract } from './lease-store-contract.ts'
import {
  auditLogContract,
  catalogueStoreContract,
  idempotencyStoreContract,
  sshKeyStoreContract,
} from './small-stores-contract.ts'
import type { OpenStores } from './stores-under-test.ts'
import { runCredentialStoreContract, taskLogStoreContract } from './task-side-stores-contract.ts'
import { taskStoreContract } from './task-store-contract.ts'
import { quotaLedgerContract, tenantStoreContract } from './tenant-store-contract.ts'
import { usageStoreContract } from './usage-store-contract.ts'

/** The promises of all stores over one database. */
export function allStoresContract(name: string, open: OpenStores): void {
  leaseStoreContract(name, open)
  leaseResizeContract(name, open)
  leaseStandingContract(name, open)
  taskStoreContract(name, open)
  taskLogStoreContract(name, open)
  runCredentialStoreContract(name, open)
  tenantStoreContract(name, open)
  quotaLedgerContract(name, open)
  catalogueStoreContract(name, open)
  sshKeyStoreContract(name, open)
  apiKeyStoreContract(name, open)
  usageStoreContract(name, open)
  idempotencyStoreContract(name, open)
  accessStoreContract(name, open)
  endedSessionStoreContract(name, open)
  auditLogContract(name, open)
}
