import type { KubeObject } from '../client/kube-object.ts'

type DeviceAttribute = {
  readonly bool?: boolean
  readonly int?: number
  readonly string?: string
  readonly version?: string
}
export type Device = {
  readonly name: string
  readonly attributes?: Readonly<Record<string, DeviceAttribute>>
  readonly capacity?: Readonly<Record<string, { readonly value: string }>>
  readonly taints?: readonly { readonly effect: string }[]
}
/** A part of what a driver has on a node (`resource.k8s.io/v1`). */
export type ResourceSlice = KubeObject & {
  readonly spec: {
    readonly driver: string
    /** Absent: devices that several nodes can reach, which no machine here has. */
    readonly nodeName?: string
    readonly pool: {
      readonly name: string
      readonly generation: number
      readonly resourceSliceCount: number
    }
    readonly devices?: readonly Device[]
  }
}
export type DeviceClass = KubeObject & {
  readonly spec?: {
    readonly selectors?: readonly { readonly cel?: { readonly expression: string } }[]
  }
}
export type ResourceClaim = KubeObject & {
  readonly status?: {
    readonly allocation?: {
      readonly devices?: {
        readonly results?: readonly {
          readonly driver: string
          readonly pool: string
          readonly device: string
          readonly adminAccess?: boolean
        }[]
      }
    }
  }
}

/** What of a slice counts. */
export function sliceRead({ metadata, spec }: ResourceSlice): ResourceSlice {
  const { driver, nodeName, pool, devices = [] } = spec
  return {
    metadata: identityOf(metadata),
    spec: {
      driver,
      ...(nodeName === undefined ? {} : { nodeName }),
      pool,
      devices: devices.map(({ name, attributes = {}, capacity = {}, taints = [] }) => ({
        name,
        attributes,
        capacity,
        taints: taints.map(({ effect }) => ({ effect })),
      })),
    },
  }
}

/** What of a claim counts: the devices it has. */
export function claimRead({ metadata, status }: ResourceClaim): ResourceClaim {
  const results = status?.allocation?.devices?.results ?? []
  return {
    metadata: identityOf(metadata),
    status: {
      allocation: {
        devices: {
          results: results.map(({ driver, pool, device, adminAccess = false }) => ({
            driver,
            pool,
            device,
            adminAccess,
          })),
        },
      },
    },
  }
}

function identityOf({ name, namespace, uid, resourceVersion }: KubeObject['metadata']) {
  return { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion }
}
