import { posix } from 'node:path'
import type { AgentFiles } from '@leasehold/guest'
import type { KubeManifest } from '../client/kube-object.ts'
import { labelNames, managedBy } from '../object-names.ts'

/** The agent's code in a tenant's namespace; another code has another name, so a run keeps what it began with. */
export function agentConfigMapName({ hash }: Pick<AgentFiles, 'hash'>): string {
  return `leasehold-agent-${hash.slice(0, 12)}`
}

export function agentConfigMap(agent: AgentFiles, namespace: string): KubeManifest {
  return {
    metadata: {
      name: agentConfigMapName(agent),
      namespace,
      labels: { [labelNames.managedBy]: managedBy, [labelNames.role]: 'agent' },
    },
    immutable: true,
    data: Object.fromEntries(
      agent.files.map(({ path, content }) => [posix.basename(path), content]),
    ),
  }
}
