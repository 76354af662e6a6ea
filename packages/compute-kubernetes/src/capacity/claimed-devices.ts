import type { Device, DeviceClass, ResourceClaim, ResourceSlice } from './device-objects.ts'
import { type DeviceSelector, readDeviceSelector } from './device-selector.ts'

/** Devices of one class on one node. */
export type ClaimedDevices = { readonly total: number; readonly taken: number }
/** By node, then by class. */
export type DevicesOfNodes = ReadonlyMap<string, ReadonlyMap<string, ClaimedDevices>>

/**
 * How many devices of each class the nodes have, and how many of them claims have already, whoever made those. As the
 * scheduler does it: of a driver's pool only the newest generation, and only when all slices of it are there; without
 * devices that are tainted. `onTrouble`: a class that is not there or cannot be judged has no devices.
 */
export function devicesOfNodes(
  classNames: readonly string[],
  slices: readonly ResourceSlice[],
  classes: readonly DeviceClass[],
  claims: readonly ResourceClaim[],
  onTrouble: (deviceClass: string, why: string) => void,
): DevicesOfNodes {
  const taken = takenDevices(claims)
  const whole = wholePools(slices)
  const nodes = new Map<string, Map<string, ClaimedDevices>>()
  for (const className of classNames) {
    const isOfClass = selectorOf(className, classes, onTrouble)
    for (const { spec } of whole) {
      const { nodeName, driver, pool, devices = [] } = spec
      if (nodeName === undefined) continue
      const usable = devices.filter((device) => isUsable(device) && isOfClass(driver, device))
      if (usable.length === 0) continue
      const node = nodes.get(nodeName) ?? new Map<string, ClaimedDevices>()
      const before = node.get(className) ?? { total: 0, taken: 0 }
      const gone = usable.filter(({ name }) => taken.has(keyOf(driver, pool.name, name)))
      node.set(className, {
        total: before.total + usable.length,
        taken: before.taken + gone.length,
      })
      nodes.set(nodeName, node)
    }
  }
  return nodes
}

/** Only letters, digits, dots, slashes and dashes are allowed in the parts. */
const keyOf = (driver: string, pool: string, device: string) => `${driver} ${pool} ${device}`

function takenDevices(claims: readonly ResourceClaim[]): ReadonlySet<string> {
  const results = claims.flatMap(({ status }) => status?.allocation?.devices?.results ?? [])
  // Who only looks at a device (adminAccess) keeps nobody from it.
  const exclusive = results.filter(({ adminAccess }) => adminAccess !== true)
  return new Set(exclusive.map(({ driver, pool, device }) => keyOf(driver, pool, device)))
}

function wholePools(slices: readonly ResourceSlice[]): readonly ResourceSlice[] {
  const pools = new Map<string, ResourceSlice[]>()
  for (const slice of slices) {
    const { driver, pool } = slice.spec
    const key = `${driver} ${pool.name}`
    const known = pools.get(key) ?? []
    const newest = known[0]?.spec.pool.generation ?? Number.NEGATIVE_INFINITY
    if (pool.generation > newest) pools.set(key, [slice])
    else if (pool.generation === newest) known.push(slice)
  }
  return [...pools.values()]
    .filter((known) => known[0]?.spec.pool.resourceSliceCount === known.length)
    .flat()
}

/** No claim of Leasehold tolerates a taint. */
function isUsable({ taints = [] }: Device): boolean {
  return taints.every(({ effect }) => effect !== 'NoSchedule' && effect !== 'NoExecute')
}

function selectorOf(
  className: string,
  classes: readonly DeviceClass[],
  onTrouble: (deviceClass: string, why: string) => void,
): DeviceSelector {
  const found = classes.find(({ metadata }) => metadata.name === className)
  if (found === undefined) {
    onTrouble(className, 'the cluster has no such DeviceClass')
    return () => false
  }
  const expressions = (found.spec?.selectors ?? []).flatMap(({ cel }) => cel?.expression ?? [])
  const attempt = <T>(act: () => T, otherwise: T): T => {
    try {
      return act()
    } catch (error) {
      onTrouble(className, error instanceof Error ? error.message : String(error))
      return otherwise
    }
  }
  const never: DeviceSelector = () => false
  const selectors = expressions.map((text) => attempt(() => readDeviceSelector(text), never))
  // To err on a device is not to get it: the scheduler does not give it, either.
  return (driver, device) =>
    selectors.every((isWanted) => attempt(() => isWanted(driver, device), false))
}
