import { quantityValue } from '../tenancy/quantity-text.ts'

type Resources = { readonly requests?: object; readonly limits?: object }
type Container = { readonly resources?: Resources; readonly restartPolicy?: string }
type PodSpec = {
  readonly containers?: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly overhead?: object
  readonly resources?: Resources
}
type Amounts = Readonly<Record<string, number>>

/**
 * What a pod keeps from its node, by resource name, as the scheduler counts it (`PodRequests` in
 * `k8s.io/component-helpers/resource`): its containers together with the sidecars, or the hungriest moment of its
 * initialisation, and the overhead of its runtime. Requests of the whole pod replace those of its containers.
 */
export function podRequests({ spec }: { readonly spec?: object }): Amounts {
  const { containers = [], initContainers = [], overhead = {}, resources } = (spec ?? {}) as PodSpec
  const running = containers.map((container) => requestsOf(container)).reduce(sum, {})
  let sidecars: Amounts = {}
  let peak: Amounts = {}
  for (const container of initContainers) {
    const own = requestsOf(container)
    if (container.restartPolicy === 'Always') sidecars = sum(sidecars, own)
    peak = largest(peak, container.restartPolicy === 'Always' ? sidecars : sum(sidecars, own))
  }
  const byContainers = largest(sum(running, sidecars), peak)
  return sum({ ...byContainers, ...valuesOf(resources?.requests) }, valuesOf(overhead))
}

/** A limit without a request is a request, too; the API server writes it so, except for devices. */
function requestsOf({ resources = {} }: Container): Amounts {
  return { ...valuesOf(resources.limits), ...valuesOf(resources.requests) }
}

function valuesOf(quantities: object = {}): Amounts {
  const values: Record<string, number> = {}
  for (const [name, quantity] of Object.entries(quantities)) {
    const value = quantityValue(quantity)
    if (value !== null) values[name] = value
  }
  return values
}

function sum(left: Amounts, right: Amounts): Amounts {
  return combine(left, right, (one, other) => one + other)
}

function largest(left: Amounts, right: Amounts): Amounts {
  return combine(left, right, Math.max)
}

function combine(
  left: Amounts,
  right: Amounts,
  how: (one: number, other: number) => number,
): Amounts {
  const all: Record<string, number> = { ...left }
  for (const [name, amount] of Object.entries(right)) all[name] = how(all[name] ?? 0, amount)
  return all
}
