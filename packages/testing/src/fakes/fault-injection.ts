/** What goes wrong with one call of a port. */
export type Fault =
  /** The caller gets an error and nothing happened. */
  | { readonly kind: 'fail-before'; readonly error?: Error }
  /** It happened, and the caller gets an error all the same. */
  | { readonly kind: 'fail-after'; readonly error?: Error }
  /** Nothing happens until the caller's signal aborts. */
  | { readonly kind: 'hang' }
  /** It happens when `until` resolves. */
  | { readonly kind: 'slow'; readonly until: Promise<unknown> }

export class InjectedFault extends Error {
  constructor(method: string, kind: Fault['kind']) {
    super(`${method}: injected fault, ${kind}`)
    this.name = 'InjectedFault'
  }
}

export type Faults = {
  /** The next call of this method goes wrong; several are used in order. */
  next(method: string, fault: Fault): void
  /** Every call of this method goes wrong until `heal`. */
  always(method: string, fault: Fault): void
  heal(): void
  /** How often each method was called. */
  calls(method: string): number
}

/** The same port with faults that a test plants in its methods. */
export function withFaults<Port extends object>(port: Port): Port & { readonly faults: Faults } {
  const planned = new Map<string, Fault[]>()
  const standing = new Map<string, Fault>()
  const counts = new Map<string, number>()
  const faults: Faults = {
    next: (method, fault) => planned.set(method, [...(planned.get(method) ?? []), fault]),
    always: (method, fault) => standing.set(method, fault),
    heal() {
      planned.clear()
      standing.clear()
    },
    calls: (method) => counts.get(method) ?? 0,
  }
  return new Proxy(port, {
    get(target, property) {
      if (property === 'faults') return faults
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function' || typeof property !== 'string') return value
      return (...args: unknown[]) => {
        counts.set(property, faults.calls(property) + 1)
        const fault = planned.get(property)?.shift() ?? standing.get(property)
        const call = () => value.apply(target, args)
        return fault === undefined ? call() : faulty(property, fault, call, args)
      }
    },
  }) as Port & { readonly faults: Faults }
}

async function faulty(
  method: string,
  fault: Fault,
  call: () => unknown,
  args: readonly unknown[],
): Promise<unknown> {
  switch (fault.kind) {
    case 'fail-before':
      throw fault.error ?? new InjectedFault(method, fault.kind)
    case 'fail-after':
      await call()
      throw fault.error ?? new InjectedFault(method, fault.kind)
    case 'hang':
      return untilAborted(args.find((argument) => argument instanceof AbortSignal))
    case 'slow':
      await fault.until
      return call()
  }
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
