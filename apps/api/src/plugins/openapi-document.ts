/** The parts of an OpenAPI 3.1 document that are touched here. */
export type Document = {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Record<string, unknown>> }
}

type Operation = {
  operationId?: string
  security?: unknown[]
  parameters?: unknown[]
  requestBody?: unknown
}

/** A header of our own, as the document says it. */
export type HeaderParameter = {
  readonly name: string
  readonly description: string
  readonly pattern: string
  readonly example: string
  readonly appliesTo: 'every-operation' | 'every-post'
}

export const bearerScheme = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'An access token of the identity provider.',
}

/** Fastify's `*` at the end of an address is a parameter like any other in the document. */
export function withoutWildcard(url: string, schema: unknown): { url: string; schema: unknown } {
  if (!url.endsWith('/*')) return { url, schema }
  const { params, ...rest } = (schema ?? {}) as {
    params?: { properties: Record<string, unknown> }
  }
  const path = params?.properties['*'] ?? { type: 'string' }
  return {
    url: url.replace(/\*$/, ':path'),
    schema: {
      ...rest,
      params: { type: 'object', properties: { path }, required: ['path'] },
    },
  }
}

/** Adds what no route schema can say: our headers, bodies that are streams, which operations are open. */
export function finishDocument(
  document: Document,
  headers: readonly HeaderParameter[],
  openPaths: ReadonlySet<string>,
): Document {
  for (const schema of Object.values(document.components.schemas)) delete schema.$id
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(operations)) {
      if (openPaths.has(path)) operation.security = []
      else addHeaders(operation, method, headers)
      if (operation.operationId === 'putFile') operation.requestBody = streamBody
    }
  return document
}

const streamBody = {
  required: true,
  description: 'The bytes of the file.',
  content: { 'application/octet-stream': {} },
}

function addHeaders(
  operation: Operation,
  method: string,
  headers: readonly HeaderParameter[],
): void {
  const wanted = headers.filter(
    ({ appliesTo }) => appliesTo === 'every-operation' || method === 'post',
  )
  operation.parameters = [
    ...(operation.parameters ?? []),
    ...wanted.map(({ name, description, pattern, example }) => ({
      in: 'header',
      name,
      description,
      required: false,
      schema: { type: 'string', pattern },
      example,
    })),
  ]
}
