import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeClient } from '../client/kube-client.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import { quantityValue } from './quantity-text.ts'

type Quantities = Readonly<Record<string, string>>
type QuotaObject = KubeObject & {
  readonly spec?: { readonly hard?: Quantities }
  readonly status?: { readonly hard?: Quantities }
}

const pollMs = 100

/**
 * Waits until Kubernetes enforces a quota as it stands: in a new namespace its controller lags, and until it has
 * counted once it either lets everything in or refuses everything (`status unknown for quota`).
 */
export async function waitForQuota(
  client: Pick<KubeClient, 'get'>,
  ref: ObjectRef,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + deadlineMs
  for (;;) {
    const quota = await client.get<QuotaObject>(ref, signal)
    if (quota === null || isEnforced(quota)) return
    if (performance.now() > until)
      throw new Error(
        `The quota of namespace ${ref.namespace} is not enforced after ${deadlineMs} ms. Is the cluster's controller manager running?`,
      )
    await sleep(pollMs, undefined, { signal })
  }
}

export function isEnforced({ spec, status }: QuotaObject): boolean {
  const enforced = status?.hard ?? {}
  return Object.entries(spec?.hard ?? {}).every(
    ([name, hard]) => quantityValue(enforced[name]) === quantityValue(hard),
  )
}
