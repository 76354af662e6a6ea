import { containerIsolations, type TaskIsolation } from '@leasehold/domain'
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

/** How far runs can be kept from their neighbours here, the usual one first. */
export function isolationsOf({
  tasks,
  kataRuntimeClass,
}: Pick<TaskSettings, 'tasks' | 'kataRuntimeClass'>): readonly TaskIsolation[] {
  return containerIsolations(kataRuntimeClass !== null, tasks?.isolation)
}

/** How far this run is kept from its neighbours: as it asks, else as is usual here. */
export function isolationOf(
  { isolation }: { readonly isolation?: TaskIsolation },
  settings: TaskSettings,
): TaskIsolation {
  return isolation ?? isolationsOf(settings)[0] ?? 'kata'
}
