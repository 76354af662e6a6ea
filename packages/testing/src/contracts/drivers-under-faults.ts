import {
  type MachineDriver,
  type MachineOrder,
  type RunOrder,
  StaleGeneration,
  type TaskDriver,
  type TenancyDriver,
} from '@leasehold/application'
import type { Tenant } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { persistentCaller } from '../faults/persistent-caller.ts'

const { signal } = new AbortController()
const words = 'though calls fail, hang, double, or come late'
/** Calls start work and return: how far it got is seen later, on a busy cluster minutes later. */
const patience = { timeout: 240_000, interval: 100 }
const seeds = (rounds: number) => Array.from({ length: rounds }, (_, index) => index + 1)

/** The part of the machine drivers' contract that is about bad surroundings. */
export function machineDriverUnderFaults(
  open: () => { readonly driver: MachineDriver; readonly newOrder: () => MachineOrder },
  rounds: number,
): void {
  describe('under faults', () => {
    it.each(seeds(rounds))(
      `reaches each goal, with one machine at most, ${words} (%i)`,
      async (seed) => {
        const { driver, newOrder } = open()
        const first = newOrder()
        const second = { ...first, generation: 2 }
        const { leaseId } = first
        const { persist, calm } = persistentCaller(
          driver,
          ['startMachine', 'stopMachine', 'destroyMachine', 'inspectMachine', 'listMachines'],
          seed,
        )
        const see = ({ generation }: MachineOrder) =>
          persist((port, until) => port.inspectMachine(leaseId, generation, until))
        const held = async () =>
          (await persist((port, until) => port.listMachines(until))).filter(
            (one) => one.leaseId === leaseId,
          )
        const isThere = expect.stringMatching(/^(booting|running)$/)

        await persist((port, until) => port.startMachine(first, until))
        expect(await see(first)).toMatchObject({ kind: isThere })
        await persist((port, until) => port.stopMachine(leaseId, 1, 'forced', until))
        const stopped = async () => {
          const seen = await see(first)
          if (seen.kind === 'booting' || seen.kind === 'running')
            await persist((port, until) => port.stopMachine(leaseId, 1, 'forced', until))
          return seen
        }
        await expect.poll(stopped, patience).toEqual({ kind: 'absent', disk: 'kept' })
        await persist((port, until) => port.startMachine(second, until))
        expect(await see(second)).toMatchObject({ kind: isThere })
        expect(await held()).toEqual([{ leaseId, generation: 2 }])
        await persist((port, until) => port.destroyMachine(leaseId, 2, until))
        await calm()

        const again = async () => {
          const seen = await driver.inspectMachine(leaseId, 2, signal)
          if (seen.kind !== 'unknown') await driver.destroyMachine(leaseId, 2, signal)
          return seen
        }
        await expect.poll(again, patience).toEqual({ kind: 'absent', disk: 'none' })
        expect(await held()).toEqual([])
        await expect(driver.startMachine(second, signal)).rejects.toBeInstanceOf(StaleGeneration)
      },
    )
  })
}

/** The part of the task drivers' contract that is about bad surroundings. */
export function taskDriverUnderFaults(
  open: () => { readonly driver: TaskDriver; readonly newOrder: () => RunOrder },
  rounds: number,
): void {
  describe('under faults', () => {
    it.each(seeds(rounds))(
      `holds one run at most, and none in the end, ${words} (%i)`,
      async (seed) => {
        const { driver, newOrder } = open()
        const first = newOrder()
        const second = { ...first, attempt: 2 }
        const { taskId } = first
        const { persist, calm } = persistentCaller(
          driver,
          ['startRun', 'destroyRun', 'inspectRun', 'listRuns'],
          seed,
        )
        const held = async () =>
          (await persist((port, until) => port.listRuns(until))).filter(
            (run) => run.taskId === taskId,
          )

        await persist((port, until) => port.startRun(first, until))
        expect(await held()).toEqual([{ taskId, attempt: 1 }])
        await persist((port, until) => port.startRun(second, until))
        expect(await held()).toEqual([{ taskId, attempt: 2 }])
        await persist((port, until) => port.destroyRun(taskId, 2, until))
        await calm()

        expect(await driver.inspectRun(taskId, 2, signal)).toEqual({ kind: 'absent' })
        expect(await held()).toEqual([])
      },
    )
  })
}

/** The part of the tenancy drivers' contract that is about bad surroundings. */
export function tenancyDriverUnderFaults(
  open: () => { readonly driver: TenancyDriver; readonly newTenant: () => Tenant },
  rounds: number,
): void {
  describe('under faults', () => {
    it.each(seeds(rounds))(`sets a tenant up, ${words} (%i)`, async (seed) => {
      const { driver, newTenant } = open()
      const tenant = newTenant()
      const { persist, calm } = persistentCaller(driver, ['ensureTenant', 'inspectTenant'], seed)

      await persist((port, until) => port.ensureTenant(tenant, until))
      expect(await persist((port, until) => port.inspectTenant(tenant.id, until))).toBe('present')
      await calm()
      await driver.removeTenant(tenant.id, signal)

      expect(await driver.inspectTenant(tenant.id, signal)).toBe('absent')
    })
  })
}
