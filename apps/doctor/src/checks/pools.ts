import type { Log } from '@leasehold/application'
import { type ClusterFacts, inspectCluster } from '@leasehold/compute-kubernetes'
import { type HostFacts, inspectHost } from '@leasehold/compute-local'
import type { ClusterPoolConfig, Config } from '@leasehold/config'
import { type Finding, findingsOf } from '../finding.ts'
import type { Check } from '../run-checks.ts'

/** Every configured pool, each by what its kind can say. */
export function checkPools({ pools }: Config, log: Log): readonly Check[] {
  const { local, clusters } = pools
  return [
    ...(local === null ? [] : [checkHost(local.name)]),
    ...clusters.map((cluster) => checkCluster(cluster, log)),
  ]
}

function checkHost(name: string): Check {
  return {
    part: `pool ${name}`,
    whenItFails: 'Try: qemu-system-x86_64 --version',
    look: async (signal) => judgeHost(name, await inspectHost(signal)),
  }
}

/** What the facts of this host mean. Pure. */
export function judgeHost(name: string, { qemu, hasKvm }: HostFacts): readonly Finding[] {
  const { ok, warning, problem } = findingsOf(`pool ${name}`)
  if (qemu === null)
    return [
      problem(
        'qemu',
        'QEMU is not installed: no machine can start here.',
        'On Debian or Ubuntu: apt-get install qemu-system-x86 qemu-utils. Where no machines are to run here, set LEASEHOLD_POOLS.',
      ),
    ]
  const acceleration = hasKvm
    ? ok('acceleration', 'Machines run under KVM.')
    : warning(
        'acceleration',
        'KVM does not work: machines are emulated, many times slower.',
        'Turn on virtualization in the firmware (or nested virtualization), and let the platform’s user use /dev/kvm.',
      )
  return [ok('qemu', `${qemu} is installed.`), acceleration]
}

function checkCluster(cluster: ClusterPoolConfig, log: Log): Check {
  const { name, kubeconfig, prefix, systemNamespace, kueueClusterQueue } = cluster
  const settings = { kubeconfig, prefix, systemNamespace, kueueClusterQueue }
  return {
    part: `pool ${name}`,
    whenItFails:
      'See that the API server is reached from here and that the kubeconfig of the pool is right and has not expired. Other pools are not affected.',
    look: async (signal) => judgeCluster(name, await inspectCluster(settings, log, signal)),
  }
}

/** What the facts of a cluster mean. Pure. */
export function judgeCluster(name: string, facts: ClusterFacts): readonly Finding[] {
  const { ok, problem } = findingsOf(`pool ${name}`)
  const { kubeVirtPhases: phases, readyNodes, missingRights } = facts
  return [
    readyNodes > 0
      ? ok('nodes', `${readyNodes} nodes are ready.`)
      : problem('nodes', 'No node is ready.', 'Look at: kubectl get nodes'),
    phases?.includes('Deployed') === true
      ? ok('kubevirt', 'KubeVirt is deployed.')
      : problem(
          'kubevirt',
          phases === null
            ? 'The cluster does not serve KubeVirt.'
            : `KubeVirt is not deployed (${phases.join(', ') || 'no resource'}).`,
          'Install KubeVirt and wait for phase Deployed: docs/operate/kubernetes.md.',
        ),
    missingRights.length === 0
      ? ok('rights', 'Leasehold may do all it needs outside of tenants’ namespaces.')
      : problem(
          'rights',
          `Leasehold may not: ${missingRights.slice(0, 5).join('; ')}${missingRights.length > 5 ? `; and ${missingRights.length - 5} more` : ''}.`,
          'Apply deploy/kubernetes of this version in the cluster.',
        ),
  ]
}
