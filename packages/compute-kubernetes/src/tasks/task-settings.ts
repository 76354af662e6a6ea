import type { TaskIsolation } from '@leasehold/domain'
import type { KubernetesPoolSettings } from '../pool-settings.ts'

/** The part of a pool's settings that decides what a run becomes. */
export type TaskSettings = Pick<
  KubernetesPoolSettings,
  | 'name'
  | 'prefix'
  | 'systemNamespace'
  | 'taskImages'
  | 'taskGpus'
  | 'tasks'
  | 'kueueClusterQueue'
  | 'kataRuntimeClass'
  | 'runApiUrl'
>

/** Kueue's LocalQueue in each tenant's namespace; tenancy makes it. */
export const localQueueName = 'leasehold'

const usualGraceSeconds = 300

/** How long a run that has to go may take to save what it has. */
export function graceSecondsOf({ tasks }: TaskSettings): number {
  return tasks?.graceSeconds ?? usualGraceSeconds
}

/** How far a run is kept from its neighbours: as it asks, else as the pool does. */
export function isolationOf(
  { isolation }: { readonly isolation?: TaskIsolation },
  { tasks, kataRuntimeClass }: TaskSettings,
): TaskIsolation {
  return isolation ?? tasks?.isolation ?? (kataRuntimeClass === null ? 'container' : 'kata')
}
