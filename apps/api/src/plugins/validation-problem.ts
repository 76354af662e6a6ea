import type { DomainErrorFacts } from '@leasehold/domain'
import type { FastifySchemaValidationError } from 'fastify'

export type ValidationProblem = {
  readonly detail: string
  readonly field: string
  readonly facts: DomainErrorFacts
}

const placeOf = {
  body: '',
  querystring: '/query',
  params: '/path',
  headers: '/headers',
} as const

/** The first thing that was wrong with an input: which field, which rule, which limit. */
export function describeValidation(
  errors: readonly FastifySchemaValidationError[],
  context: string | undefined,
): ValidationProblem {
  const error = mostTelling(errors)
  const place = placeOf[(context ?? 'body') as keyof typeof placeOf] ?? ''
  if (error === undefined) return { detail: 'The request is invalid.', field: place, facts: {} }
  const field = `${place}${error.instancePath}${pointerTail(error)}`
  const limit = error.params.limit
  const facts: DomainErrorFacts =
    typeof limit === 'number' ? { rule: error.keyword, limit } : { rule: error.keyword }
  return { detail: `${field === '' ? 'The body' : field} ${ruleInWords(error)}.`, field, facts }
}

/** With `anyOf [X, null]` the failure of X says more than that of null or of the union itself. */
function mostTelling(errors: readonly FastifySchemaValidationError[]) {
  return errors.find((error) => error.keyword !== 'type' && error.keyword !== 'anyOf') ?? errors[0]
}

function pointerTail({ keyword, params }: FastifySchemaValidationError): string {
  const name =
    keyword === 'required'
      ? params.missingProperty
      : keyword === 'additionalProperties'
        ? params.additionalProperty
        : undefined
  if (typeof name !== 'string') return ''
  return `/${printable(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function ruleInWords({ keyword, params, message }: FastifySchemaValidationError): string {
  switch (keyword) {
    case 'required':
      return 'is required'
    case 'additionalProperties':
      return 'is not a known field or not an allowed name'
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`
    case 'pattern':
      return 'has characters or a form that are not allowed here'
    case 'format':
      return `must be a ${String(params.format)}`
    default:
      return message ?? 'is invalid'
  }
}

/** What a client sent may hold anything; what we say back is short and printable. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what we replace
  return text.slice(0, 80).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '\ufffd')
}
