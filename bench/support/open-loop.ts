import { setTimeout as delay } from 'node:timers/promises'
import { leaseBody } from './lease-body.ts'

export type OpenLoopRequest = {
  readonly url: string
  readonly tokens: readonly string[]
  readonly perSecond: number
  readonly seconds: number
}

/** A lease that was accepted. */
export type Accepted = { readonly leaseId: string }

/**
 * Asks for leases at random moments (a Poisson process), whether or not earlier requests were
 * answered: a slow answer does not thin out the load. Throws when one is not accepted.
 */
export async function requestLeases(request: OpenLoopRequest): Promise<readonly Accepted[]> {
  const { perSecond, seconds } = request
  const answers: Promise<Accepted>[] = []
  const end = performance.now() + seconds * 1_000
  for (let at = performance.now(); at < end; at += nextGapMs(perSecond)) {
    await delay(Math.max(0, at - performance.now()))
    const answer = requestLease(request, answers.length)
    // Looked at below; until then a failure is nobody's.
    answer.catch(() => {})
    answers.push(answer)
  }
  return Promise.all(answers)
}

function nextGapMs(perSecond: number): number {
  return (-Math.log(1 - Math.random()) / perSecond) * 1_000
}

async function requestLease({ url, tokens }: OpenLoopRequest, count: number): Promise<Accepted> {
  const response = await fetch(`${url}/v1/leases`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokens[count % tokens.length]}`,
      'content-type': 'application/json',
    },
    body: leaseBody,
    signal: AbortSignal.timeout(20_000),
  })
  const text = await response.text()
  if (response.status !== 202)
    throw new Error(`A lease was answered with ${response.status}: ${text}`)
  return { leaseId: (JSON.parse(text) as { id: string }).id }
}
