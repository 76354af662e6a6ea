export { freePort } from './api-server/free-port.ts'
export { findPrerequisites } from './cluster/prerequisites.ts'
export { type Label, removeLabelled } from './cluster/remove-labelled.ts'
export {
  type Cluster,
  type ClusterOptions,
  openCluster,
  startCluster,
  stopCluster,
} from './cluster/start-cluster.ts'
export type {
  ClusterContext,
  NodeAccess,
  NodeExecOptions,
  ProcessSpec,
  SupervisedProcess,
} from './cluster-context.ts'
export type { ClusterPart } from './cluster-part.ts'
export { taskImage } from './images/base-images.ts'
export { type DebianRecipe, ensureDebianLayer } from './images/debian-layer.ts'
export { type CachePlace, keepFile } from './images/keep-file.ts'
export { packLayer } from './images/pack-layer.ts'
export { type ImageSpec, writeImage } from './images/write-image.ts'
export type { Level } from './level.ts'
export { type Log, step } from './log.ts'
export { withFileLock } from './processes/file-lock.ts'
export { CommandFailed, runCommand } from './processes/run-command.ts'
export { buildProgram, type ProgramOptions } from './programs/build-program.ts'
export { runSimulator } from './simulated/run-simulator.ts'
export { type SimulatedNodes, startSimulatedNodes } from './simulated/start-simulated-nodes.ts'
