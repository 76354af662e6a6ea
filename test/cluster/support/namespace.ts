import { randomUUID } from 'node:crypto'
import type { CommandFailed } from '@leasehold/dev-cluster'
import type { ClusterAccess } from '@leasehold/testing/cluster'

type Kubectl = (args: readonly string[], stdin?: string) => Promise<string>

export type TestNamespace = {
  readonly name: string
  readonly kubectl: Kubectl
  /** Creates or changes objects. */
  apply(...objects: readonly object[]): Promise<void>
  /** The message of a command that must fail. */
  refusal(args: readonly string[], stdin?: string): Promise<string>
  /** Runs Python in a pod and returns what it printed. */
  python(pod: string, program: string): Promise<string>
  awaitReady(...pods: readonly string[]): Promise<void>
  remove(): Promise<void>
}

/** A namespace with the run's label, once pods can be created in it. */
export async function makeNamespace(
  kubectl: Kubectl,
  { runLabel }: ClusterAccess,
): Promise<TestNamespace> {
  const name = `test-${randomUUID().slice(0, 8)}`
  const labels = { [runLabel.name]: runLabel.value }
  const namespace = { kind: 'Namespace', apiVersion: 'v1', metadata: { name, labels } }
  await kubectl(['create', '-f', '-'], JSON.stringify(namespace))
  const account = ['-n', name, 'wait', '--for=create', 'serviceaccount/default', '--timeout=30s']
  await kubectl(account)
  const within: Kubectl = (args, stdin) => kubectl(['-n', name, ...args], stdin)
  return {
    name,
    kubectl: within,
    apply: async (...items) => {
      const list = { kind: 'List', apiVersion: 'v1', items }
      await within(['apply', '-f', '-'], JSON.stringify(list))
    },
    refusal: (args, stdin) =>
      within(args, stdin).then(
        (output) => `not refused: ${output}`,
        (error: CommandFailed) => error.message,
      ),
    python: (pod, program) => within(['exec', pod, '--', 'python3', '-c', program]),
    awaitReady: async (...pods) => {
      const names = pods.map((pod) => `pod/${pod}`)
      await within(['wait', '--for=condition=Ready', ...names, '--timeout=90s'])
    },
    remove: async () => {
      await kubectl(['delete', 'namespace', name, '--wait=false'])
    },
  }
}
