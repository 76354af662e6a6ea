import type { MachineShape, MachineTypeName, TenantId } from '@leasehold/domain'
import { nodeSelection } from '../node-selection.ts'
import { labelNames } from '../object-names.ts'

/** How long a guest may take to shut down when Kubernetes ends it; Leasehold's own deadlines are usually shorter. */
export const shutdownGraceSeconds = 180

/** The part of `spec.template.spec` that says where a machine stands, with whom, and what a drain does. */
export function machinePlacement(order: {
  readonly shape: MachineShape
  readonly tenantId: TenantId
  readonly machineType: MachineTypeName
}): object {
  const { placement = {}, memory = {}, gpus, onNodeDrain = 'shut-down' } = order.shape
  const { nodeLabels = {}, tolerations = [], apartFrom } = placement
  const affinity = {
    ...(memory.avoidPageMerging === true ? { nodeAffinity: awayFromPageMerging } : {}),
    ...(apartFrom === undefined ? {} : { podAntiAffinity: apart(order, apartFrom) }),
  }
  return {
    // A machine with a GPU cannot move: blocking a drain for it would block the drain for ever.
    evictionStrategy:
      onNodeDrain === 'move-if-possible' && gpus.length === 0 ? 'LiveMigrateIfPossible' : 'None',
    terminationGracePeriodSeconds: shutdownGraceSeconds,
    ...nodeSelection(nodeLabels, tolerations),
    ...(Object.keys(affinity).length === 0 ? {} : { affinity }),
  }
}

/** Page merging is a property of nodes; KubeVirt has no switch for one machine (`ksmConfiguration`). */
const awayFromPageMerging = {
  requiredDuringSchedulingIgnoredDuringExecution: {
    nodeSelectorTerms: [
      {
        matchExpressions: [{ key: 'kubevirt.io/ksm-enabled', operator: 'NotIn', values: ['true'] }],
      },
    ],
  },
}

function apart(
  { tenantId, machineType }: { readonly tenantId: TenantId; readonly machineType: MachineTypeName },
  from: 'same-tenant' | 'same-machine-type',
): object {
  const shared =
    from === 'same-tenant'
      ? { [labelNames.tenant]: tenantId }
      : { [labelNames.machineType]: machineType }
  return {
    requiredDuringSchedulingIgnoredDuringExecution: [
      {
        topologyKey: 'kubernetes.io/hostname',
        labelSelector: { matchLabels: { ...shared, [labelNames.role]: 'machine' } },
        // Machines of one type stand in the namespaces of all tenants.
        ...(from === 'same-tenant' ? {} : { namespaceSelector: {} }),
      },
    ],
  }
}
