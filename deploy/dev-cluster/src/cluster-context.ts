import type { Level } from './level.ts'
import type { Log } from './log.ts'

/** What a part of the cluster may use. */
export type ClusterContext = {
  readonly level: Level
  /** This cluster's state; `down` removes it. */
  readonly folder: string
  /** Programs and images, kept between clusters. */
  readonly cacheFolder: string
  /** Of the administrator: works here and in the nodes. */
  readonly kubeconfig: string
  /** `https://address:port`, the same here and in the nodes. */
  readonly apiServer: string
  /** ca.crt, ca.key, front-proxy-ca.crt and the certificates issued by them. */
  readonly certificates: string
  readonly log: Log
  readonly signal: AbortSignal
  /** Empty where nodes are simulated. */
  readonly nodes: readonly NodeAccess[]
  /** Runs kubectl as administrator and returns what it printed; `stdin` is for `-f -`. */
  kubectl(args: readonly string[], stdin?: string): Promise<string>
  /** Starts a process that is there until `down`, in the network of the API server. */
  supervise(spec: ProcessSpec): Promise<SupervisedProcess>
}

export type ProcessSpec = {
  /** Unique in the cluster; its log is `<folder>/logs/<name>.log`. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Started again, after a second, whenever it ends. */
  readonly restarts?: boolean
  /** A node's name: the process sees that node's files, processes and network. Without it, those of the API server. */
  readonly node?: string
  /** Awaited before `supervise` returns: true when it works. */
  readonly isReady?: () => Promise<boolean>
  /** Default 60 seconds. */
  readonly readyWithinMs?: number
}

export type SupervisedProcess = {
  readonly name: string
  readonly logFile: string
  /** Ends the process and what it started. */
  stop(): Promise<void>
  /** After `stop`: the same process again. */
  start(): Promise<void>
}

export type NodeAccess = {
  readonly name: string
  /** Reachable from here and from the pods. */
  readonly address: string
  /** The node's state, at the same path inside the node. */
  readonly folder: string
  /** Runs a program in the node's mount, process and network namespaces and returns what it printed. */
  exec(program: string, args: readonly string[], options?: NodeExecOptions): Promise<string>
  /** Gives the node an OCI archive (see `writeImage`); its name is inside. Pods use it with `imagePullPolicy: Never`. */
  importImage(archive: string): Promise<void>
}

export type NodeExecOptions = {
  readonly stdin?: string
  /** Default 60 seconds. */
  readonly timeoutMs?: number
}
