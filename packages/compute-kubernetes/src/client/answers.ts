import { cleanText } from './clean-text.ts'
import { KubeError, type KubeErrorCause } from './kube-error.ts'
import { type Answer, NoAnswer } from './transport.ts'

/** Deeper than any Kubernetes object; a reader of ours may recurse so far. */
const deepest = 200
const mostCauses = 20

export type Json = Record<string, unknown>

/** What a status object of the API server says. */
type Status = {
  readonly reason: string | null
  readonly message: string
  readonly causes: readonly KubeErrorCause[]
  readonly retryAfterSeconds: number | null
  /** The object that the status is about; null when it is about none. */
  readonly name: string | null
  readonly uid: string | null
}

/** Parses JSON of bounded depth. Throws `NoAnswer`: what cannot be read is no answer. */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new NoAnswer('an answer that is not JSON', { neverSent: false })
  }
  refuseDeep(value, deepest)
  return value
}

/** The object in a good answer. */
export function objectIn(answer: Answer): Json {
  requireJson(answer)
  const value = parseJson(answer.text)
  if (!isObject(value)) throw new NoAnswer('an answer that is no object', { neverSent: false })
  return value
}

/** Refuses what does not come from an API server, for example the page of a proxy. */
export function requireJson({ contentType, status }: Pick<Answer, 'contentType' | 'status'>): void {
  if (/^application\/([\w.+-]+\+)?json\b/.test(contentType)) return
  throw new NoAnswer(
    `status ${status} with ${cleanText(contentType) || 'no content type'} in place of JSON: is something between us and the API server?`,
    { neverSent: false },
  )
}

/** What a bad answer means. A 5xx, or what no API server says, is `NoAnswer`. */
export function toError(answer: Answer, secrets: readonly string[]): KubeError | NoAnswer {
  const { status } = answer
  if (status === 404 && /^404 page not found/.test(answer.text)) return kindNotServed()
  let about: Status
  try {
    about = statusIn(objectIn(answer), secrets)
  } catch (error) {
    if (status === 429 || status === 503) return plainRefusal(answer, secrets)
    return error as NoAnswer
  }
  if (status === 404 && about.name === null && about.reason === 'NotFound') return kindNotServed()
  const isOurMistake =
    status === 500 && /typed patch object|not declared in schema/.test(about.message)
  return new KubeError({
    // An apply of an unknown field is answered with 500; asking again would not help.
    ...(isOurMistake
      ? { status: 422, reason: 'Invalid' }
      : { status, reason: about.reason ?? 'Unknown' }),
    message: about.message,
    causes: about.causes,
    retryAfterMs: retryAfterMs(answer.retryAfter, about.retryAfterSeconds),
  })
}

/** The name and uid that a status object names: what a delete was about. */
export function subjectIn(status: Json): {
  readonly name: string | null
  readonly uid: string | null
} {
  return statusIn(status, [])
}

/** What a watch's event of type ERROR says. */
export function errorEventText(object: Json): string {
  const { reason, message } = statusIn(object, [])
  return reason === null ? message : `${reason}: ${message}`
}

function statusIn(object: Json, secrets: readonly string[]): Status {
  if (object.kind !== 'Status')
    throw new NoAnswer('a refusal without a status object', { neverSent: false })
  const details = isObject(object.details) ? object.details : {}
  const causes = Array.isArray(details.causes) ? details.causes : []
  const seconds = Number(details.retryAfterSeconds)
  return {
    reason: stringOf(object.reason),
    message: cleanText(stringOf(object.message) ?? 'no reason given', secrets),
    causes: causes
      .filter(isObject)
      .slice(0, mostCauses)
      .map((cause) => toCause(cause, secrets)),
    retryAfterSeconds: seconds > 0 ? seconds : null,
    name: stringOf(details.name),
    uid: stringOf(details.uid),
  }
}

function toCause({ field, reason, message }: Json, secrets: readonly string[]): KubeErrorCause {
  const text = (value: unknown) => cleanText(String(value ?? ''), secrets)
  return {
    message: text(message),
    ...(typeof field === 'string' ? { field: text(field) } : {}),
    ...(typeof reason === 'string' ? { reason: text(reason) } : {}),
  }
}

/** Overloaded servers, and the proxies before them, say so in few words. */
function plainRefusal(answer: Answer, secrets: readonly string[]): KubeError {
  return new KubeError({
    status: answer.status,
    reason: answer.status === 429 ? 'TooManyRequests' : 'ServiceUnavailable',
    message: cleanText(answer.text.slice(0, 200), secrets) || `status ${answer.status}`,
    retryAfterMs: retryAfterMs(answer.retryAfter, null),
  })
}

function kindNotServed(): KubeError {
  return new KubeError({
    status: 404,
    reason: 'KindNotServed',
    message: 'this cluster does not serve this kind in this version: is what defines it installed?',
  })
}

/** Seconds by header or body; dates, which Kubernetes does not send, are ignored. At most an hour. */
function retryAfterMs(header: string | null, seconds: number | null): number | null {
  const asked = header !== null && /^\d+$/.test(header.trim()) ? Number(header) : seconds
  return asked === null ? null : Math.min(asked, 3_600) * 1_000
}

function refuseDeep(value: unknown, left: number): void {
  if (typeof value !== 'object' || value === null) return
  if (left === 0) throw new NoAnswer('an answer of absurd depth', { neverSent: false })
  for (const child of Array.isArray(value) ? value : Object.values(value))
    refuseDeep(child, left - 1)
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function stringOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
