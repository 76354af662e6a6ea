import type { RunOrder } from '@leasehold/application'
import { nodeSelection, workloadKindLabel } from '../node-selection.ts'
import { labelNames } from '../object-names.ts'
import type { TaskSettings } from './task-settings.ts'

/** The part of a pod's spec that says on which nodes it may run. */
export function runPlacement({ shape, tenantId }: RunOrder, settings: TaskSettings): object {
  const { nodeLabels = {}, tolerations = [], apartFrom } = shape.placement ?? {}
  const ofGpus = shape.gpus.map(({ type }) => settings.taskGpus?.[type]?.nodeLabels ?? {})
  const affinity = {
    ...(shape.gpus.length === 0 ? {} : { nodeAffinity: onNodesForContainers }),
    // What a machine type says of its own kind is about machines: a task is apart from its tenant's tasks or from none.
    ...(apartFrom === 'same-tenant' ? { podAntiAffinity: apartFromTenant(tenantId) } : {}),
  }
  return {
    ...nodeSelection(Object.assign({}, nodeLabels, ...ofGpus), tolerations),
    ...(Object.keys(affinity).length === 0 ? {} : { affinity }),
  }
}

const onNodesForContainers = {
  requiredDuringSchedulingIgnoredDuringExecution: {
    nodeSelectorTerms: [
      {
        matchExpressions: [
          { key: workloadKindLabel, operator: 'NotIn', values: ['vm-passthrough', 'vm-vgpu'] },
        ],
      },
    ],
  },
}

function apartFromTenant(tenantId: string): object {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: [
      {
        topologyKey: 'kubernetes.io/hostname',
        labelSelector: {
          matchExpressions: [
            { key: labelNames.tenant, operator: 'In', values: [tenantId] },
            { key: labelNames.task, operator: 'Exists' },
          ],
        },
      },
    ],
  }
}
