import type { ClusterObject } from '../api-server/object-path.ts'
import { openApiServer } from '../api-server/open-api-server.ts'
import { waitUntil } from '../api-server/wait-until.ts'

export type Label = { readonly name: string; readonly value: string }

const goneWithinMs = 180_000

/** Removes every namespace that carries the label, with all that is in it, and returns when they are gone. */
export async function removeLabelled(
  kubeconfig: string,
  { name, value }: Label,
  signal: AbortSignal,
): Promise<void> {
  const api = await openApiServer(kubeconfig, signal)
  const selector = encodeURIComponent(`${name}=${value}`)
  const list = async () => {
    const path = `/api/v1/namespaces?labelSelector=${selector}`
    const { items } = await api.request<{ items: ClusterObject[] }>('GET', path)
    return items.map(({ metadata }) => metadata.name)
  }
  try {
    for (const namespace of await list())
      await api.remove(`/api/v1/namespaces/${namespace}`, { propagationPolicy: 'Background' })
    await waitUntil(
      `the end of the namespaces labelled ${name}=${value}`,
      async () => (await list()).length === 0,
      { withinMs: goneWithinMs, signal },
    )
  } finally {
    await api.close()
  }
}
