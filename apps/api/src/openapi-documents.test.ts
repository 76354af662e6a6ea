import { readFile } from 'node:fs/promises'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { openApiDocuments } from './openapi-documents.ts'
import { operatorOperations } from './plugins/operator-scope.ts'
import { tenantOperations } from './plugins/tenant-operations.ts'

type Operation = {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: unknown[]
  responses: Record<string, { content?: Record<string, { schema?: { $ref?: string } }> }>
}
type Document = {
  openapi: string
  tags: { name: string }[]
  components: { schemas: Record<string, object>; securitySchemes: object }
  paths: Record<string, Record<string, Operation>>
}

const documents = await openApiDocuments()
const parsed = Object.entries(documents).map(([name, text]) => ({
  name,
  text,
  document: JSON.parse(text) as Document,
}))

function operationsOf({ paths }: Document): Operation[] {
  return Object.values(paths).flatMap((methods) => Object.values(methods))
}

describe.each(parsed)('$name', ({ name, text, document }) => {
  it('is the committed one; `npm run openapi` writes it', async () => {
    const committed = await readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')

    expect(text).toBe(committed)
  })

  it('is a valid OpenAPI 3.1 document', async () => {
    const result = await new Validator().validate(structuredClone(document) as never)

    expect(document.openapi).toBe('3.1.0')
    expect(result.errors ?? []).toEqual([])
    expect(result.valid).toBe(true)
  })

  it('names, explains and tags every operation, each with an id of its own', () => {
    const operations = operationsOf(document)
    const ids = operations.map(({ operationId }) => operationId)
    const tags = new Set(document.tags.map((tag) => tag.name))

    expect(new Set(ids).size).toBe(ids.length)
    for (const { operationId, summary, tags: own = [] } of operations) {
      expect(operationId).toMatch(/^[a-z][A-Za-z]+$/)
      expect(summary, operationId).toBeTruthy()
      expect(own.length > 0 && own.every((tag) => tags.has(tag)), operationId).toBe(true)
    }
  })

  it('refers every refusal of every operation to the one Problem', () => {
    for (const { operationId, responses, security } of operationsOf(document)) {
      const refusals = Object.entries(responses).filter(([status]) => Number(status) >= 400)
      if (security?.length === 0) continue
      expect(Object.keys(responses), operationId).toEqual(
        expect.arrayContaining(['400', '401', '403', '429', '503']),
      )
      for (const [status, { content }] of refusals)
        expect(
          content?.['application/problem+json']?.schema?.$ref,
          `${operationId} ${status}`,
        ).toBe('#/components/schemas/Problem')
    }
  })

  it('refers to components that exist, and leaves none of them inline', () => {
    const references = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, to]) => to)

    for (const to of references) expect(document.components.schemas).toHaveProperty(to as string)
    expect(text).not.toContain('"$id"')
    expect(text).not.toMatch(/"\$ref": "(?!#\/)/)
  })

  it('refuses unknown fields in every body', () => {
    const bodies = Object.entries(document.components.schemas).filter(([key]) =>
      key.endsWith('Body'),
    )

    expect(bodies.length).toBeGreaterThan(2)
    for (const [key, schema] of bodies)
      expect(schema, key).toMatchObject({ additionalProperties: false })
  })

  it('has a bound on every text, list and map that a client may send', () => {
    for (const [key, schema] of Object.entries(document.components.schemas))
      if (key.endsWith('Body')) expect(unboundedParts(schema, key)).toEqual([])
  })
})

describe('the tables of who may call what', () => {
  it.each([
    { name: 'openapi.json', table: tenantOperations },
    { name: 'openapi-operator.json', table: operatorOperations },
  ])('list the operations of $name and no others', ({ name, table }) => {
    const document = parsed.find((one) => one.name === name)?.document as Document

    const closed = operationsOf(document).filter(({ security }) => security?.length !== 0)

    expect(closed.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(table).sort())
  })
})

/** Paths of parts whose size nothing limits. A part with a list of allowed values is bounded by it. */
function unboundedParts(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const part = schema as Record<string, unknown>
  const below = ['properties', 'additionalProperties', 'items', 'anyOf'].flatMap((key) => {
    const inner = part[key]
    if (typeof inner !== 'object' || inner === null) return []
    return key === 'additionalProperties' || key === 'items'
      ? unboundedParts(inner, `${path}/${key}`)
      : Object.entries(inner).flatMap(([name, one]) => unboundedParts(one, `${path}/${name}`))
  })
  const isBounded =
    part.enum !== undefined ||
    (part.type !== 'string' && part.type !== 'array' && !isMap(part)) ||
    part.maxLength !== undefined ||
    part.maxItems !== undefined ||
    part.maxProperties !== undefined
  return isBounded ? below : [path, ...below]
}

function isMap({ type, additionalProperties }: Record<string, unknown>): boolean {
  return type === 'object' && typeof additionalProperties === 'object'
}
