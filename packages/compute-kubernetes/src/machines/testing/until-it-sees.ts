import type { MachineDriver } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'

/** Waits until a driver that was just opened has seen its cluster. */
export async function untilItSees(driver: MachineDriver): Promise<void> {
  const signal = AbortSignal.timeout(30_000)
  while ((await driver.inspectMachine('lse_0' as LeaseId, 1, signal)).kind === 'unknown') {
    signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
