import type { ClusterObject } from '../api-server/object-path.ts'

/** As far as it is changed here. */
type Handler = ClusterObject & {
  readonly spec: { readonly template: { readonly spec: Readonly<Record<string, unknown>> } }
}

/**
 * virt-handler's DaemonSet, of which no node ever runs a pod: where nodes are simulated,
 * virt-controller still looks for it before it gives up the machines of a dead node. Pure.
 */
export function handlerForNoNode(handler: ClusterObject): ClusterObject {
  const { spec } = handler as Handler
  const pod = { ...spec.template.spec, nodeSelector: { 'leasehold.dev/node': 'none' } }
  return { ...handler, spec: { ...spec, template: { ...spec.template, spec: pod } } }
}
