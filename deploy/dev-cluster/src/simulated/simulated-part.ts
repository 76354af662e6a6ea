import { fileURLToPath } from 'node:url'
import type { ClusterContext } from '../cluster-context.ts'
import type { ClusterPart } from '../cluster-part.ts'
import { step } from '../log.ts'
import type { NodeKind, NodeSpec } from './simulated-node.ts'
import { startSimulatedNodes } from './start-simulated-nodes.ts'

const program = fileURLToPath(new URL('./main.ts', import.meta.url))
const usualKinds: readonly NodeKind[] = [
  'cpu',
  'container',
  'vm-passthrough-a100',
  'vm-passthrough-l40s',
  'vm-vgpu',
]

/** Nodes without machines behind them, and who plays kubelet and virt-handler on them: two of each kind to begin with. */
export const simulatedNodes: ClusterPart = {
  name: 'simulated nodes',
  levels: ['simulated'],
  start: (context: ClusterContext) =>
    step(context.log, 'simulated nodes', async () => {
      await context.supervise({
        name: 'simulator',
        program: process.execPath,
        args: [program, context.kubeconfig],
        restarts: true,
      })
      await startSimulatedNodes(context, usualNodes())
    }),
}

/** `simulated-cpu-1`, … Pure. */
export function usualNodes(): readonly NodeSpec[] {
  return usualKinds.flatMap((kind) =>
    [1, 2].map((number) => ({ name: `simulated-${kind}-${number}`, kind })),
  )
}
