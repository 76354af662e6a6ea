import type { NodeToleration } from '@leasehold/domain'

/** The GPU Operator's word for what the GPUs of a node are for; one kind per node. Absent: containers. */
export const workloadKindLabel = 'nvidia.com/gpu.workload.config'

/** The part of a pod's or a machine's spec that says which nodes it wants and which taints it stands. Pure. */
export function nodeSelection(
  nodeLabels: Readonly<Record<string, string>>,
  tolerations: readonly NodeToleration[],
): object {
  return {
    ...(Object.keys(nodeLabels).length === 0 ? {} : { nodeSelector: { ...nodeLabels } }),
    ...(tolerations.length === 0
      ? {}
      : {
          tolerations: tolerations.map(({ key, value, effect }) => ({
            key,
            effect,
            ...(value === undefined ? { operator: 'Exists' } : { operator: 'Equal', value }),
          })),
        }),
  }
}
