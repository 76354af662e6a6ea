import { type Component, Problem, ref } from '@leasehold/contract'
import { type Static, type TSchema, type TUnsafe, Type } from 'typebox'

/** A success answer: one component, with words for the document. */
export function answer<Schema extends TSchema>(
  description: string,
  schema: Component<Schema>,
): TUnsafe<Static<Schema>> {
  return Type.Unsafe<Static<Schema>>({ ...ref(schema), description })
}

/** An answer without a body. */
export function noContent(description: string) {
  return Type.Null({ description })
}

type ProblemStatus = 400 | 401 | 403 | 404 | 409 | 411 | 413 | 415 | 422 | 429 | 500 | 503

const meaning: Readonly<Record<ProblemStatus, string>> = {
  400: 'The request is not valid; `field` says where.',
  401: 'There is no valid token.',
  403: 'The caller may not do this, or the quota does not allow it.',
  404: 'There is no such thing in this tenant.',
  409: 'Not possible in the present state.',
  411: 'The length must be said before sending.',
  413: 'The body is too large.',
  415: 'The body is of a media type that is not read here.',
  422: 'The Idempotency-Key was used for another request.',
  429: 'Too many requests; `Retry-After` says when to come back.',
  500: 'Something failed on our side.',
  503: 'A part of the platform does not answer; try again.',
}

/** Problem answers that an operation may give, beside those that every operation may give. */
export function problems(...statuses: readonly ProblemStatus[]) {
  const all = [...new Set<ProblemStatus>([...statuses, 400, 401, 403, 429, 500, 503])].sort()
  return Object.fromEntries(all.map((status) => [status, problem(meaning[status])]))
}

/** For a POST or PUT with a JSON body: what every such body can meet. */
export function bodyProblems(...statuses: readonly ProblemStatus[]) {
  return problems(...statuses, 413, 415)
}

function problem(description: string) {
  return { description, content: { 'application/problem+json': { schema: ref(Problem) } } }
}

export const timestamp = (at: number): string => new Date(at).toISOString()
export const timestampOrNull = (at: number | null): string | null =>
  at === null ? null : timestamp(at)
