import type { Random } from './random.ts'
import type { Process, Scheduler } from './scheduler.ts'

/** How often calls of a port go wrong, 0 … 1 each. */
export type FaultRates = {
  readonly failBefore: number
  /** It happens and the caller is told that it did not. */
  readonly failAfter: number
  /** It happens twice, as when a message is delivered twice. */
  readonly twice: number
  /** It takes so long that claims run out meanwhile. */
  readonly stuck: number
}

export const noFaults: FaultRates = { failBefore: 0, failAfter: 0, twice: 0, stuck: 0 }
export const someFaults: FaultRates = {
  failBefore: 0.02,
  failAfter: 0.02,
  twice: 0.02,
  stuck: 0.004,
}

export type Surroundings = {
  readonly random: Random
  readonly scheduler: Scheduler
  readonly trace: (line: string) => void
  /** Read at each call: a simulation that comes to rest has no more faults. */
  readonly rates: () => FaultRates
}

class Trouble extends Error {}

/**
 * A port as one process sees it: each call waits a little before and after it happens, so that other
 * processes get in between and this one can die there, and goes wrong as often as the rates say.
 */
export function faultyPort<Port extends object>(
  name: string,
  port: Port,
  process: Process,
  around: Surroundings,
): Port {
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function' || typeof property !== 'string') return value
      return (...args: unknown[]) =>
        callThrough(`${name}.${property}`, () => value.apply(target, args), process, around)
    },
  })
}

async function callThrough(
  what: string,
  call: () => unknown,
  process: Process,
  { random, scheduler, trace, rates }: Surroundings,
): Promise<unknown> {
  const { failBefore, failAfter, twice, stuck } = rates()
  const fault = random.next()
  // Starting a machine is the slowest thing there is, and the most harmful when it comes late.
  const isStuck = random.chance(what.includes('.start') ? stuck * 20 : stuck)
  await scheduler.sleep(process, isStuck ? random.whole(10_000, 120_000) : random.whole(0, 40))
  trace(`${process.name} ${what}`)
  if (fault < failBefore) throw new Trouble(`${what} failed before it happened`)
  const result = await call()
  // A body can be read only once, so nobody delivers it twice.
  if (fault > 1 - twice && !what.endsWith('.put')) await call()
  if (random.chance(0.5)) await scheduler.sleep(process, random.whole(0, 40))
  if (fault < failBefore + failAfter) throw new Trouble(`${what} happened, but seemed to fail`)
  return result
}

/** Whether an error was made by the simulation, and not by the code under test. */
export function isTrouble(error: unknown): boolean {
  return error instanceof Trouble
}
