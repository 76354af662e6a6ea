import type { ClusterContext } from './cluster-context.ts'
import { kubevirt } from './kubevirt/kubevirt-part.ts'
import { simulatedNodes } from './simulated/simulated-part.ts'

/** How much of a cluster runs. Each has all of the one before it, except that `real` has real nodes in place of simulated ones. */
export type Level = 'control-plane' | 'simulated' | 'real'

/**
 * Something that runs on top of the control plane (and of the node at level `real`). Whatever a
 * part leaves behind must be a supervised process, a file below `context.folder`, an object in the
 * cluster, or something inside a node's namespaces: those are what `down` removes, from any process.
 */
export type ClusterPart = {
  readonly name: string
  readonly levels: readonly Exclude<Level, 'control-plane'>[]
  /** Returns when the part works. Its waits end with `context.signal` and have deadlines of their own. */
  start(context: ClusterContext): Promise<void>
}

/** In the order in which they start. */
export const parts: readonly ClusterPart[] = [kubevirt, simulatedNodes]
