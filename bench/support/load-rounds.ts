import { join } from 'node:path'
import type { ApiServerAnswer, ApiServerRequest } from './api-server.ts'
import type { Tell } from './benchmark.ts'
import {
  asInstalled,
  type ChildProgram,
  type ProgramOptions,
  startProgram,
} from './child-program.ts'
import type { LoadAnswer, LoadRequest } from './load-generator.ts'
import {
  type StartIssuer,
  startThrowawayServices,
  type ThrowawayServices,
} from './throwaway-services.ts'

/** A real API on real servers, and somebody who loads it: three processes besides PostgreSQL. */
export type LoadedApi = ThrowawayServices & {
  readonly urls: ApiServerAnswer
  /** Throws when a request failed: a number made of failures is none. */
  load(request: LoadRequest): Promise<LoadAnswer>
}

const connections = 64
type Rounds = { readonly rounds: number; readonly seconds: number }
const usualRounds: Rounds = { rounds: 5, seconds: 3 }
const warmUpSeconds = 2

export async function withLoadedApi<Result>(
  tenants: number,
  work: (api: LoadedApi) => Promise<Result>,
  startIssuer?: StartIssuer,
): Promise<Result> {
  const services = await startThrowawayServices({
    tenants,
    ...(startIssuer === undefined ? {} : { startIssuer }),
  })
  const { folder, databaseUrl, issuer } = services
  const programs: ChildProgram<never, unknown>[] = []
  const start = <Request, Answer>(name: string, options?: ProgramOptions) => {
    const file = new URL(`./${name}.ts`, import.meta.url)
    const program = startProgram<Request, Answer>(file, join(folder, `${name}.log`), options)
    programs.push(program as ChildProgram<never, unknown>)
    return program
  }
  try {
    const server = start<ApiServerRequest, ApiServerAnswer>('api-server', asInstalled)
    const generator = start<LoadRequest, LoadAnswer>('load-generator')
    const { issuer: iss, audience, jwksUrl } = issuer
    const urls = await server.ask({ databaseUrl, tokenSource: { issuer: iss, audience, jwksUrl } })
    const load = async (request: LoadRequest) => {
      const answer = await generator.ask(request)
      if (answer.failed > 0 || answer.answered === 0)
        throw new Error(
          `${request.method} ${request.path}: ${answer.failed} of ${answer.failed + answer.answered} requests failed (${answer.failure}).`,
        )
      return answer
    }
    return await work({ ...services, urls, load })
  } finally {
    for (const program of programs.reverse()) await program.stop()
    await services.close()
  }
}

export type Variant = Omit<LoadRequest, 'connections' | 'seconds'>

/**
 * Loads every variant in each of the rounds, after a warm-up. The order turns around from round to
 * round, so that what changes with time does not always hit the same one.
 */
export async function interleave<Name extends string>(
  api: LoadedApi,
  variants: Readonly<Record<Name, Variant>>,
  tell: Tell,
  { rounds, seconds }: Rounds = usualRounds,
): Promise<Readonly<Record<Name, readonly LoadAnswer[]>>> {
  const names = Object.keys(variants) as Name[]
  const answers = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    LoadAnswer[]
  >
  for (const name of names)
    await api.load({ ...variants[name], connections, seconds: warmUpSeconds })
  for (let round = 1; round <= rounds; round++) {
    for (const name of round % 2 === 1 ? names : [...names].reverse()) {
      const answer = await api.load({ ...variants[name], connections, seconds })
      answers[name].push(answer)
    }
    const words = names.map(
      (name) => `${name} ${Math.round(answers[name].at(-1)?.perSecond ?? 0)}/s`,
    )
    tell(`round ${round} of ${rounds}: ${words.join(', ')}`)
  }
  return answers
}

/** One measure of `over` divided by the same of `under`, round by round. */
export function ratios(
  over: readonly LoadAnswer[],
  under: readonly LoadAnswer[],
  measure: (answer: LoadAnswer) => number,
): readonly number[] {
  return over.map((answer, round) => {
    const below = under[round]
    if (below === undefined) throw new Error('The rounds do not match.')
    return measure(answer) / measure(below)
  })
}

export const perSecond = (answer: LoadAnswer) => answer.perSecond
export const p99 = (answer: LoadAnswer) => answer.p99Ms
