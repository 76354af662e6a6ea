import type { MachineShape } from '@leasehold/domain'
import type { KubeManifest } from '../client/kube-object.ts'
import type { MachineSettings } from './manifest-settings.ts'

type Gpus = {
  /** `domain.devices.gpus` */
  readonly devices: readonly object[]
  /** `spec.template.spec.resourceClaims`, for devices by dynamic resource allocation. */
  readonly resourceClaims: readonly object[]
  readonly deviceClasses: readonly string[]
}

const requestName = 'gpu'

/** The GPUs of a shape, one entry for each: by name of the extended resource, or by a claim of their own. */
export function machineGpus({ gpus }: MachineShape, settings: MachineSettings): Gpus {
  const resources = gpus.flatMap(({ type, count }) => {
    const resource = settings.gpus[type]
    if (resource === undefined) throw new Error(`GPU type ${type} is not in this pool's settings`)
    return Array.from({ length: count }, () => resource)
  })
  const named = resources.map((resource, index) => ({ resource, name: `gpu-${index}` }))
  return {
    devices: named.map(({ resource, name }) =>
      resource.by === 'dra'
        ? { name, claimName: name, requestName }
        : { name, deviceName: resource.resourceName },
    ),
    resourceClaims: named.flatMap(({ resource, name }) =>
      resource.by === 'dra'
        ? [{ name, resourceClaimTemplateName: claimTemplateName(resource.deviceClassName) }]
        : [],
    ),
    deviceClasses: [
      ...new Set(resources.flatMap((each) => (each.by === 'dra' ? [each.deviceClassName] : []))),
    ],
  }
}

function claimTemplateName(deviceClass: string): string {
  return `leasehold-${deviceClass}`
}

/** The template from which each such GPU of a tenant's namespace gets its ResourceClaim (KEP-4381). */
export function claimTemplateManifest(
  namespace: string,
  deviceClass: string,
  labels: Readonly<Record<string, string>>,
): KubeManifest {
  return {
    metadata: { namespace, name: claimTemplateName(deviceClass), labels },
    spec: {
      spec: {
        devices: {
          requests: [{ name: requestName, exactly: { deviceClassName: deviceClass, count: 1 } }],
        },
      },
    },
  }
}
