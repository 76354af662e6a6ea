import type { RunSighting } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { KubeError } from '../client/kube-error.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { quantityValue } from '../tenancy/quantity-text.ts'
import { told } from './cluster-words.ts'
import { type Condition, type Job, met } from './run-objects.ts'

/** Why a Job that may run has no pod, as Kueue or the API server say it; null when nobody says anything. */
export type FindWaitingReason = (job: Job, signal: AbortSignal) => Promise<RunSighting | null>

type Answer = { readonly askedAt: number; readonly sighting: RunSighting | null }
type Workload = KubeObject & { readonly status?: { readonly conditions?: readonly Condition[] } }
type Event = KubeObject & { readonly message?: string; readonly lastTimestamp?: string }

/** A pod is usually there by then; only who waits longer is asked about, and not at every look. */
const askEveryMs = 3_000
const mostRemembered = 10_000

export function makeFindWaitingReason(client: KubeClient): FindWaitingReason {
  const answers = new Map<string, Answer>()
  return async (job, signal) => {
    const { uid } = job.metadata
    const known = answers.get(uid)
    const now = performance.now()
    if (known !== undefined && now - known.askedAt < askEveryMs) return known.sighting
    const sighting = known === undefined ? null : await ask(client, job, signal)
    answers.delete(uid)
    answers.set(uid, { askedAt: now, sighting })
    const oldest = answers.size > mostRemembered ? answers.keys().next().value : undefined
    if (oldest !== undefined) answers.delete(oldest)
    return sighting
  }
}

async function ask(client: KubeClient, job: Job, signal: AbortSignal): Promise<RunSighting | null> {
  const { namespace = '', uid } = job.metadata
  try {
    if (job.spec.suspend === true) {
      const labelSelector = `kueue.x-k8s.io/job-uid=${uid}`
      const selection = { namespace, labelSelector }
      const { items } = await client.list<Workload>(kinds.workloads, selection, signal)
      return queueSays(items[0])
    }
    const fieldSelector = `involvedObject.uid=${uid},reason=FailedCreate`
    const { items } = await client.list<Event>(kinds.events, { namespace, fieldSelector }, signal)
    const latest = [...items].sort((a, b) => timeOf(a).localeCompare(timeOf(b))).at(-1)
    return creationSays(latest?.message)
  } catch (error) {
    // A cluster that does not let us ask, or has no Kueue: the run waits, and we do not know what for.
    if (error instanceof KubeError) return null
    throw error
  }
}

function timeOf({ lastTimestamp, metadata }: Event): string {
  return lastTimestamp ?? metadata.creationTimestamp ?? ''
}

/** What Kueue says of a workload that has no place. Exported for tests. */
export function queueSays(workload: Workload | undefined): RunSighting | null {
  if (workload === undefined) return null
  const waits = workload.status?.conditions?.find(
    ({ type, status }) => type === 'QuotaReserved' && status === 'False',
  )
  const message = told(waits?.message)
  if (message !== null && /maximum capacity|unavailable in ClusterQueue/i.test(message))
    return { kind: 'refused', detail: `The queue of this pool can never take it: ${message}.` }
  const evicted = met(workload, 'Evicted')
  if (evicted !== null)
    return waiting(`It was sent back to the queue: ${told(evicted.message) ?? evicted.reason}.`)
  return message === null ? null : waiting(`It waits in the queue of this pool: ${message}.`)
}

/** What the API server says about a pod that it did not take. Exported for tests. */
export function creationSays(message: string | undefined): RunSighting | null {
  const said = told(message)
  if (said === null) return null
  if (/exceeded quota/.test(said))
    return isOverQuotaAlone(said)
      ? { kind: 'refused', detail: `It is larger than all that the tenant may have here: ${said}.` }
      : waiting(`It waits until the tenant's other work makes room: ${said}.`)
  if (/forbidden|invalid/i.test(said))
    return { kind: 'refused', detail: `The cluster does not take it: ${said}.` }
  return waiting(`The cluster has not taken it yet: ${said}.`)
}

/** `… requested: requests.cpu=2, used: requests.cpu=0, limited: requests.cpu=1`: over it whatever else is used? */
function isOverQuotaAlone(message: string): boolean {
  const parts = /requested: (.*), used: (?:.*), limited: (.*)$/.exec(message)
  const limits = amountsIn(parts?.[2] ?? '')
  return [...amountsIn(parts?.[1] ?? '')].some(
    ([name, amount]) => amount > (limits.get(name) ?? Number.POSITIVE_INFINITY),
  )
}

function amountsIn(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split(',').flatMap((pair): [string, number][] => {
      const [name = '', quantity = ''] = pair.trim().split('=')
      const value = quantityValue(quantity)
      return value === null ? [] : [[name, value]]
    }),
  )
}

function waiting(obstacle: string): RunSighting {
  return { kind: 'present', obstacle }
}
