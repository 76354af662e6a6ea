import type { ClusterObject } from '../api-server/object-path.ts'

type Container = {
  readonly name: string
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly [field: string]: unknown
}
/** virt-handler's DaemonSet, as far as it is changed here. */
type Handler = ClusterObject & {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly initContainers: readonly Container[]
        readonly containers: readonly Container[]
      }
    }
  }
}

/**
 * virt-handler's DaemonSet, of which no node ever runs a pod: where nodes are simulated,
 * virt-controller still looks for it before it gives up the machines of a dead node. Pure.
 */
export function handlerForNoNode(handler: ClusterObject): ClusterObject {
  const { spec } = (handler as Handler).spec.template
  return withPodSpec(handler as Handler, {
    ...spec,
    nodeSelector: { 'leasehold.dev/node': 'none' },
  })
}

/** virt-handler's DaemonSet with our image, for nodes whose guests are emulated. Pure. */
export function handlerForRealNodes(handler: ClusterObject, image: string): ClusterObject {
  const { spec } = (handler as Handler).spec.template
  const [labeller, ...others] = spec.initContainers.map((one) => ({ ...one, image }))
  if (labeller === undefined) throw new Error('virt-handler has no container that labels nodes')
  // Without it the labeller waits for /dev/kvm.
  const env = labeller.env?.map((variable) =>
    variable.name === 'HYPERVISOR_DEVICE' ? { ...variable, value: 'none' } : variable,
  )
  return withPodSpec(handler as Handler, {
    ...spec,
    initContainers: [{ ...labeller, env }, ...others],
    containers: spec.containers.map((one) => ({ ...one, image })),
  })
}

function withPodSpec(handler: Handler, spec: object): ClusterObject {
  return { ...handler, spec: { ...handler.spec, template: { ...handler.spec.template, spec } } }
}
