import type { ClusterContext } from './cluster-context.ts'
import type { Level } from './level.ts'

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
