import { setTimeout as after } from 'node:timers/promises'
import { type Answer, type ApiClient, makeApiClient } from '../../../scripts/client/api-client.ts'

/** What the platform said while a part of it was away. */
export type Seen = {
  readonly answers: readonly Answer[]
  /** Parts that /readyz called failing. */
  readonly failing: ReadonlySet<string>
  /** Answers of /livez that were not 200. */
  readonly dead: readonly Answer[]
}

/**
 * Asks `ask` (paths of the tenant API), /readyz and /livez over and over until `isOver`. A question
 * without an answer in 35 s ends the test: the API must say something.
 */
export async function watchOutage(
  api: ApiClient,
  ask: readonly string[],
  isOver: () => boolean,
): Promise<Seen> {
  const anyone = makeApiClient(api.baseUrl, null)
  const answers: Answer[] = []
  const dead: Answer[] = []
  const failing = new Set<string>()
  const again = async (look: () => Promise<void>) => {
    while (!isOver()) {
      await look()
      await after(200)
    }
  }
  await Promise.all([
    ...ask.map((path) =>
      again(async () => {
        answers.push(await api.call('GET', path, { timeoutMs: 35_000 }))
      }),
    ),
    again(async () => {
      const { text } = await anyone.call('GET', '/readyz')
      const parts: Record<string, string> = JSON.parse(text).parts
      for (const [part, how] of Object.entries(parts)) if (how !== 'ok') failing.add(part)
    }),
    again(async () => {
      const answer = await anyone.call('GET', '/livez')
      if (answer.status !== 200) dead.push(answer)
    }),
  ])
  return { answers, failing, dead }
}

/** Those answers of the 5xx kind that are not 503 problem+json with Retry-After. Must be empty. */
export function badRefusals(answers: readonly Answer[]): readonly string[] {
  return answers
    .filter(({ status }) => status >= 500)
    .filter(
      ({ status, headers }) =>
        status !== 503 ||
        !headers.get('content-type')?.startsWith('application/problem+json') ||
        !/^[1-9]\d*$/.test(headers.get('retry-after') ?? ''),
    )
    .map(({ status, text }) => `${status} ${text}`)
}
