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
  /** It happens twice at the same time, as when a network or a queue delivers twice. */
  | { readonly kind: 'duplicate' }
  /** The caller gets an error now, and it happens when `until` resolves: a slow worker's call. */
  | { readonly kind: 'late'; readonly until: Promise<unknown>; readonly error?: Error }

export class InjectedFault extends Error {
  constructor(method: string, kind: Fault['kind']) {
    super(`${method}: injected fault, ${kind}`)
    this.name = 'InjectedFault'
  }
}

/** Decides over each call of a method: what goes wrong with it, or null. */
export type FaultPlan = (method: string) => Fault | null

export type Faults = {
  /** The next call of this method goes wrong; several are used in order. */
  next(method: string, fault: Fault): void
  /** Every call of this method goes wrong until `heal`. */
  always(method: string, fault: Fault): void
  heal(): void
  /** How often each method was called. */
  calls(method: string): number
  /** Resolves when every call that came late has happened. */
  settled(): Promise<void>
}

/** The same port with faults: those that a test plants in its methods, and those of a plan. */
export function withFaults<Port extends object>(
  port: Port,
  plan: FaultPlan = () => null,
): Port & { readonly faults: Faults } {
  const planned = new Map<string, Fault[]>()
  const standing = new Map<string, Fault>()
  const counts = new Map<string, number>()
  const late = new Set<Promise<unknown>>()
  const faults: Faults = {
    next: (method, fault) => planned.set(method, [...(planned.get(method) ?? []), fault]),
    always: (method, fault) => standing.set(method, fault),
    heal() {
      planned.clear()
      standing.clear()
    },
    calls: (method) => counts.get(method) ?? 0,
    settled: async () => void (await Promise.all(late)),
  }
  const faultOf = (method: string) =>
    planned.get(method)?.shift() ?? standing.get(method) ?? plan(method)
  return new Proxy(port, {
    get(target, property) {
      if (property === 'faults') return faults
      const value: unknown = Reflect.get(target, property)
      if (typeof value !== 'function' || typeof property !== 'string') return value
      return (...args: unknown[]) => {
        counts.set(property, faults.calls(property) + 1)
        const call = (given = args) => value.apply(target, given)
        const fault = faultOf(property)
        return fault === null ? call() : faulty(property, fault, call, args, late)
      }
    },
  }) as Port & { readonly faults: Faults }
}

async function faulty(
  method: string,
  fault: Fault,
  call: (args?: unknown[]) => unknown,
  args: readonly unknown[],
  late: Set<Promise<unknown>>,
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
    case 'duplicate': {
      const [first] = await Promise.all([call(), call()])
      return first
    }
    case 'late': {
      const happened = fault.until.then(() => call(withoutSignal(args)))
      late.add(happened.then(ignore, ignore))
      throw fault.error ?? new InjectedFault(method, fault.kind)
    }
  }
}

/** Nobody waits for a late call any more, so nobody ends it. */
function withoutSignal(args: readonly unknown[]): unknown[] {
  return args.map((arg) => (arg instanceof AbortSignal ? new AbortController().signal : arg))
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function ignore(): void {}
