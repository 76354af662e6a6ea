export { type ClusterFacts, inspectCluster } from './inspect-cluster.ts'
export { type KubernetesPoolOptions, openKubernetesPool } from './open-kubernetes-pool.ts'
export { guardManifests } from './permissions/guard-policy.ts'
export {
  type Installation,
  permissionManifests,
  permissionTable,
  usualInstallation,
} from './permissions/permission-manifests.ts'
export * from './pool-settings.ts'
export {
  type KubernetesTenancyOptions,
  openKubernetesTenancyDriver,
} from './tenancy/kubernetes-tenancy-driver.ts'
export type { Repair } from './tenancy/tenant-keeper.ts'
