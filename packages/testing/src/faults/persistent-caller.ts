import { seededFaults } from './seeded-faults.ts'
import { InjectedFault, withFaults } from './with-faults.ts'

const mostAttempts = 60

class TimeIsUp extends Error {}

export type PersistentCaller<Port extends object> = {
  readonly port: Port
  /** Calls again until it succeeds, as a worker does after each fault. Errors of the port itself are thrown. */
  persist<T>(call: (port: Port, signal: AbortSignal) => Promise<T>): Promise<T>
  /** Ends the faults, and waits until every call that was to come late has come. */
  calm(): Promise<void>
}

/** A port with faults by chance, and a caller who does not give up. */
export function persistentCaller<Port extends object>(
  port: Port,
  methods: readonly (keyof Port & string)[],
  seed: number,
): PersistentCaller<Port> {
  let attempt = new AbortController()
  const { plan, stop } = seededFaults({
    seed,
    methods,
    onHang: () => attempt.abort(new TimeIsUp()),
  })
  const faulty = withFaults(port, plan)
  return {
    port: faulty,
    async persist(call) {
      for (let count = 0; count < mostAttempts; count += 1) {
        attempt = new AbortController()
        try {
          return await call(faulty, attempt.signal)
        } catch (error) {
          if (!(error instanceof InjectedFault || error instanceof TimeIsUp)) throw error
        }
      }
      throw new Error(`seed ${seed}: no success in ${mostAttempts} attempts`)
    },
    async calm() {
      stop()
      await faulty.faults.settled()
    },
  }
}
