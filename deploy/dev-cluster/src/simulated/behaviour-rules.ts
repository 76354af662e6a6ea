import type { ClusterObject } from '../api-server/object-path.ts'
import type { Rule } from './behaviour.ts'

/** Rules lie in the cluster, so that whoever has a kubeconfig can set them. */
export const rulesPlace = { namespace: 'kube-system', name: 'simulated-behaviour' } as const
export const rulesPath = `/api/v1/namespaces/${rulesPlace.namespace}/configmaps`
/** The simulator writes here which rules it goes by. */
export const observedAnnotation = 'leasehold.dev/observed-rules'

export type RulesMap = ClusterObject & { readonly data?: { readonly rules?: string } }

export function rulesMap(rules: readonly Rule[]): RulesMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: rulesPlace,
    data: { rules: JSON.stringify(rules) },
  }
}

export function rulesFrom(map: RulesMap): readonly Rule[] {
  return JSON.parse(map.data?.rules ?? '[]') as readonly Rule[]
}
