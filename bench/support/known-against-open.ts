import { noOpPath, openNoOpPath } from './api-routes.ts'
import type { Figure, Tell } from './benchmark.ts'
import { leaseBody } from './lease-body.ts'
import { interleave, type LoadedApi, p99, perSecond, ratios } from './load-rounds.ts'
import { median } from './statistics.ts'

/** Many short ones: what is compared differs by less than a busy host does from one moment to the next. */
const many = { rounds: 21, seconds: 1 }

/** A route for callers whose token was seen before, and the same route without a caller, in turns. */
export async function knownAgainstOpen(
  api: LoadedApi,
  tell: Tell,
): Promise<{ readonly runs: readonly number[]; readonly figures: readonly Figure[] }> {
  const post = { method: 'POST', url: api.urls.real, body: leaseBody } as const
  const variants = {
    open: { ...post, path: openNoOpPath, tokens: [] },
    known: { ...post, path: noOpPath, tokens: api.renters.map(({ token }) => token) },
  }
  const { open, known } = await interleave(api, variants, tell, many)
  return {
    runs: ratios(known, open, perSecond),
    figures: [
      { name: 'open route', value: median(open.map(perSecond)), unit: 'req/s' },
      { name: 'known callers', value: median(known.map(perSecond)), unit: 'req/s' },
      { name: 'p99 of known callers', value: median(known.map(p99)), unit: 'ms' },
    ],
  }
}
