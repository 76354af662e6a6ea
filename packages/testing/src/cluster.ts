import { describe, inject, it } from 'vitest'

/** The cluster that tests of the project `cluster` run on. All of it is plain data: it crosses processes. */
export type ClusterAccess = {
  /** Path of a kubeconfig with the rights of an administrator. */
  readonly kubeconfig: string
  /** What of it runs; `foreign` is a cluster that KUBECONFIG names, of which nothing else is known. */
  readonly level: 'control-plane' | 'simulated' | 'real' | 'foreign'
  /** On every namespace and every other cluster-wide object that a test makes: what carries it is removed after the run. */
  readonly runLabel: { readonly name: 'leasehold.dev/test-run'; readonly value: string }
  /** Where what runs beside the tests listens to be reached from pods; null when pods cannot reach it. */
  readonly hostAddress: string | null
  readonly podCidr: string | null
  readonly serviceCidr: string | null
  /** An image with Python that every node has; null when the nodes have to pull. */
  readonly taskImage: string | null
  /** State of the project's own cluster, to reach its nodes and processes; null for a foreign one. */
  readonly folder: string | null
  readonly cacheFolder: string
}

export type ProvidedCluster =
  | { readonly cluster: ClusterAccess; readonly reason: null }
  | { readonly cluster: null; readonly reason: string }

declare module 'vitest' {
  interface ProvidedContext {
    cluster: ProvidedCluster
  }
}

/** What a suite needs of the cluster. */
export type ClusterNeeds = {
  /** Default: any. `real`: nodes on which pods run, and the means to look into them. */
  readonly level?: 'real'
}

/**
 * A suite that needs a cluster. Where there is none, or one that lacks what the suite needs, it is
 * skipped, with the reason in its title.
 */
export function describeOnCluster(
  title: string,
  body: (cluster: ClusterAccess) => void,
  needs: ClusterNeeds = {},
): void {
  const { cluster, reason } = inject('cluster')
  const obstacle = cluster === null ? reason : whatLacks(cluster, needs)
  if (cluster !== null && obstacle === null) describe(title, () => body(cluster))
  else
    describe(`${title} (${obstacle})`, () =>
      it('needs a cluster', ({ skip }) => skip(`${obstacle}`)))
}

function whatLacks({ level }: ClusterAccess, needs: ClusterNeeds): string | null {
  if (needs.level === undefined || needs.level === level) return null
  return `needs the project's own cluster of level ${needs.level}; this one is ${level}`
}
