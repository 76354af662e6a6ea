import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'

export type Operation = {
  readonly operationId: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As in the document: `/v1/leases/{leaseId}`. */
  readonly path: string
  readonly isPublic: boolean
  readonly hasJsonBody: boolean
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: object }> }>>
}

type RawOperation = {
  operationId: string
  security?: unknown[]
  requestBody?: { content?: Record<string, unknown> }
  responses: Operation['responses']
}
type Document = {
  paths: Record<string, Record<string, RawOperation>>
  components: { schemas: object }
}

/** Every operation that an app's own document names. */
export function operationsOf(app: FastifyInstance): readonly Operation[] {
  const { paths } = app.swagger() as unknown as Document
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      operationId: operation.operationId,
      method: method.toUpperCase() as Operation['method'],
      path,
      isPublic: operation.security?.length === 0,
      hasJsonBody: operation.requestBody?.content?.['application/json'] !== undefined,
      responses: operation.responses,
    })),
  )
}

/** Throws when an answer is not one that the document declares: its status, media type or body. */
export function makeAnswerChecker(app: FastifyInstance) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const { components } = app.swagger() as unknown as Document
  ajv.addSchema({ $id: 'document', components })
  const compiled = new Map<object, ValidateFunction>()
  const operations = operationsOf(app).map((operation) => ({
    operation,
    pattern: new RegExp(`^${operation.path.replace('{path}', '.+').replace(/\{\w+\}/g, '[^/]+')}$`),
  }))

  return (method: string, url: string, answer: LightMyRequestResponse): void => {
    const [path = ''] = url.split('?')
    const found = operations.find(
      ({ operation, pattern }) => operation.method === method && pattern.test(path),
    )
    if (found === undefined) return
    const { operationId, responses } = found.operation
    const declared = responses[String(answer.statusCode)]
    if (declared === undefined)
      throw new Error(`${operationId} answered ${answer.statusCode}, undeclared: ${answer.body}`)
    if (declared.content === undefined) return
    const type = String(answer.headers['content-type']).split(';')[0] ?? ''
    const schema = declared.content[type]?.schema
    if (schema === undefined)
      throw new Error(`${operationId} answered ${answer.statusCode} as ${type}, undeclared`)
    if (!type.endsWith('json')) return
    const validate = compiled.get(schema) ?? ajv.compile(absolute(schema))
    compiled.set(schema, validate)
    if (!validate(answer.json()))
      throw new Error(
        `${operationId} ${answer.statusCode}: ${ajv.errorsText(validate.errors)}: ${answer.body}`,
      )
  }
}

/** References within the document, as references into the schema that ajv knows by the name `document`. */
function absolute(schema: object): object {
  const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')
  return JSON.parse(text) as object
}
