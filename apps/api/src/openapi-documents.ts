import { defaultApiSettings } from './api-settings.ts'
import type { EdgeParts } from './edge-parts.ts'
import { makeOperatorApp } from './operator-app.ts'
import { makeTenantApp } from './tenant-app.ts'

/** The documents of both APIs by file name, as they are committed under docs/. */
export async function openApiDocuments(): Promise<Readonly<Record<string, string>>> {
  const tenant = makeTenantApp(partsOfNobody, neverCalled())
  const operator = makeOperatorApp(partsOfNobody, neverCalled())
  await Promise.all([tenant.ready(), operator.ready()])
  const documents = {
    'openapi.json': toText(tenant.swagger()),
    'openapi-operator.json': toText(operator.swagger()),
  }
  await Promise.all([tenant.close(), operator.close()])
  return documents
}

function toText(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

/** Describing a route takes its schema only: what it would call is never looked at. */
function neverCalled<UseCases>(): UseCases {
  return {} as UseCases
}

const partsOfNobody = {
  ...neverCalled<EdgeParts>(),
  settings: defaultApiSettings,
  clock: { now: () => 0 },
  makeBuckets: () => ({}) as never,
  checks: {},
  pools: { all: () => [] },
  metrics: { contentType: 'text/plain', render: () => '' },
}
