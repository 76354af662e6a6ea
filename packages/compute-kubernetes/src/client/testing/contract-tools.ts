import { expect } from 'vitest'
import { type KindInfo, kinds } from '../kinds.ts'
import type { KubeClient } from '../kube-client.ts'
import { KubeError } from '../kube-error.ts'
import type { KubeObject, ObjectRef } from '../kube-object.ts'

export type KubeClientHarness = {
  readonly client: KubeClient
  /** A namespace that exists and is this suite's alone. */
  readonly namespace: string
  /** What every namespace that the suite makes must carry. */
  readonly namespaceLabels: Readonly<Record<string, string>>
  readonly close: () => Promise<void>
}

export type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> }

export type ContractTools = ReturnType<typeof contractTools>

/** A kind that no cluster serves. */
export const nowhere: KindInfo = {
  group: 'nowhere.leasehold.dev',
  version: 'v1',
  plural: 'nothings',
  kind: 'Nothing',
  namespaced: true,
}

/** One opened client and objects that belong to the test that runs: each test has a label, and names begin with it. */
export function contractTools(openHarness: () => Promise<KubeClientHarness>) {
  const { signal } = new AbortController()
  let harness: KubeClientHarness | null = null
  let count = 0
  const label = () => `contract-${count}`
  const opened = (): KubeClientHarness => {
    if (harness === null) throw new Error('the harness is not open yet')
    return harness
  }
  const configMap = (data: Record<string, string>, name = label()) => ({
    metadata: { name, namespace: opened().namespace, labels: { contract: label() } },
    data,
  })
  const refOf = (name = label()): ObjectRef => ({
    kind: kinds.configMaps,
    namespace: opened().namespace,
    name,
  })
  return {
    signal,
    label,
    configMap,
    refOf,
    harness: opened,
    create: (data: Record<string, string> = {}, name = label()) =>
      opened().client.create<ConfigMap>(kinds.configMaps, configMap(data, name), signal),
    read: (name = label()) => opened().client.get<ConfigMap>(refOf(name), signal),
    async open(): Promise<KubeClientHarness> {
      harness = await openHarness()
      return harness
    },
    nextLabel(): string {
      count += 1
      return label()
    },
    close: async () => harness?.close(),
  }
}

/** The API server's no to a call; a test fails when it said yes. */
export async function refusalOf(call: Promise<unknown>): Promise<KubeError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(KubeError)
  return error as KubeError
}
