import { Environment } from '@marcbachmann/cel-js'
import { quantityValue } from '../tenancy/quantity-text.ts'
import type { Device } from './device-objects.ts'

/** Whether a device of this driver is one that an expression asks for. Throws where the expression cannot be judged. */
export type DeviceSelector = (driver: string, device: Device) => boolean

/** What CEL sees of an amount of a device, `device.capacity['gpu.example.com'].memory`. */
class Quantity {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/**
 * The expressions of a DeviceClass as Kubernetes reads them (`k8s.io/dynamic-resource-allocation/cel`): the driver,
 * attributes and capacity of a device by their domain. Versions as such (`semver`) are not known. By cel-js, which is
 * kept, small and without dependencies: what a DeviceClass says is the operator's, and no grammar of ours.
 */
const environment = new Environment({
  enableOptionalTypes: true,
  limits: { maxAstNodes: 10_000 },
})
  .registerVariable('device', 'dyn')
  .registerType('Quantity', Quantity)
  .registerFunction('quantity(string): Quantity', (text: string) => quantityOf(text))
  .registerFunction('Quantity.compareTo(Quantity): int', (one: Quantity, other: Quantity) =>
    BigInt(Math.sign(one.value - other.value)),
  )
  .registerFunction('Quantity.isGreaterThan(Quantity): bool', (one: Quantity, other: Quantity) => {
    return one.value > other.value
  })
  .registerFunction('Quantity.isLessThan(Quantity): bool', (one: Quantity, other: Quantity) => {
    return one.value < other.value
  })

/** Throws when it is no expression. */
export function readDeviceSelector(expression: string): DeviceSelector {
  const judge = environment.parse(expression)
  return (driver, device) => judge({ device: asSeenByCel(driver, device) }) === true
}

function asSeenByCel(driver: string, { attributes = {}, capacity = {} }: Device): object {
  const ofAttributes = Object.entries(attributes).map(([name, { bool, int, string, version }]) => {
    const value = bool ?? string ?? version ?? (int === undefined ? null : BigInt(int))
    return [name, value] as const
  })
  const ofCapacity = Object.entries(capacity).map(
    ([name, { value }]) => [name, quantityOf(value)] as const,
  )
  return {
    driver,
    attributes: byDomain(driver, ofAttributes),
    capacity: byDomain(driver, ofCapacity),
  }
}

/** Names without a domain belong to the driver's own (API of ResourceSlice, `QualifiedName`). */
function byDomain(driver: string, values: readonly (readonly [string, unknown])[]): object {
  const domains: Record<string, Record<string, unknown>> = { [driver]: {} }
  for (const [name, value] of values) {
    const slash = name.indexOf('/')
    const domain = slash < 0 ? driver : name.slice(0, slash)
    const known = domains[domain] ?? {}
    known[name.slice(slash + 1)] = value
    domains[domain] = known
  }
  return domains
}

function quantityOf(text: string): Quantity {
  const value = quantityValue(text)
  if (value === null) throw new Error(`"${text}" is no quantity`)
  return new Quantity(value)
}
