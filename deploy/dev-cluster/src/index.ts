export type {
  ClusterContext,
  NodeAccess,
  NodeExecOptions,
  ProcessSpec,
  SupervisedProcess,
} from './cluster-context.ts'
export { type Log, step } from './log.ts'
export type { ClusterPart, Level } from './parts.ts'
export { CommandFailed, runCommand } from './processes/run-command.ts'
export { buildProgram, type ProgramOptions } from './programs/build-program.ts'
