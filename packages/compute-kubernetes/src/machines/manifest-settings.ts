import type { KubernetesPoolSettings } from '../pool-settings.ts'

/** The part of a pool's settings that decides what a machine becomes. */
export type MachineSettings = Pick<
  KubernetesPoolSettings,
  | 'name'
  | 'prefix'
  | 'systemNamespace'
  | 'images'
  | 'gpus'
  | 'storageClasses'
  | 'tenantStorageClasses'
>
