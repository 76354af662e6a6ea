import { type Json, objectIn, toError } from './answers.ts'
import type { KindInfo } from './kinds.ts'
import { KubeError } from './kube-error.ts'
import type { RequestBudget } from './request-budget.ts'
import type { RequestMetrics } from './request-metrics.ts'
import type { Retries, RetryRule } from './retries.ts'
import type { Answer, Ask, OpenAnswer, Transport } from './transport.ts'
import { readAll } from './transport.ts'

/** One question to the API server, with what is needed to count and to place it. */
export type ApiRequest = Ask & {
  readonly verb: string
  readonly kind: KindInfo
  readonly namespace: string | undefined
  readonly subject: string | null
  readonly rule: RetryRule
}

export type ApiRequests = {
  /** The text of a good answer. Throws `KubeError`, `KubeUnavailable`, or the signal's reason. */
  text(request: ApiRequest, signal: AbortSignal): Promise<string>
  /** As `text`, for a JSON object; `onRefusal` may turn a refusal into an answer, given that an attempt got lost. */
  object(
    request: ApiRequest,
    signal: AbortSignal,
    onRefusal?: (refusal: KubeError, isUnsure: boolean) => Promise<Json | null>,
  ): Promise<Json>
  /** An answer that is read as it comes; the signal ends it. One attempt. */
  open(request: ApiRequest, signal: AbortSignal): Promise<OpenAnswer>
}

export type ApiRequestSettings = {
  readonly transport: Transport
  readonly budget: RequestBudget
  readonly retries: Retries
  readonly metrics: RequestMetrics
  readonly requestTimeoutMs: number
}

/** A page of a list is the biggest answer there is. */
const mostBytes = 64 * 1_048_576
const mostErrorBytes = 65_536

/** Requests with turns, retries and counts. */
export function makeApiRequests(settings: ApiRequestSettings): ApiRequests {
  const { transport, budget, retries, metrics, requestTimeoutMs } = settings

  const counted = async <A extends { status: number }>(
    { verb, kind, subject }: ApiRequest,
    ask: () => Promise<A>,
  ): Promise<A> => {
    let status = 0
    try {
      const answer = await ask()
      status = answer.status
      return answer
    } finally {
      metrics.request(verb, kind.plural, status, subject)
    }
  }
  const refusalOf = async (answer: Answer) =>
    toError(answer, (await transport.credentials()).secrets)

  const attempt = async (request: ApiRequest, signal: AbortSignal): Promise<Answer> => {
    await budget.turn(request.namespace ?? '', signal)
    const limits = { timeLimitMs: requestTimeoutMs, mostBytes }
    const answer = await counted(request, () => transport.send(request, limits, signal))
    if (answer.status >= 200 && answer.status < 300) return answer
    throw await refusalOf(answer)
  }

  return {
    text: (request, signal) =>
      retries.run(request.rule, async () => (await attempt(request, signal)).text, signal),
    object: (request, signal, onRefusal = async () => null) =>
      retries.run(
        request.rule,
        async (isUnsure) => {
          try {
            return objectIn(await attempt(request, signal))
          } catch (error) {
            const answer = error instanceof KubeError ? await onRefusal(error, isUnsure) : null
            if (answer === null) throw error
            return answer
          }
        },
        signal,
      ),
    open: (request, signal) =>
      retries.run(
        'never',
        async () => {
          await budget.turn(request.namespace ?? '', signal)
          const answer = await counted(request, () =>
            transport.open(request, requestTimeoutMs, signal),
          )
          // 204: there is nothing to read, as in the log of a container that has said nothing.
          if (answer.status === 200 || answer.status === 204) return answer
          const text = await readAll(answer.body, mostErrorBytes)
          throw await refusalOf({ ...answer, text })
        },
        signal,
      ),
  }
}
