import { describe, expect, it } from 'vitest'
import { read, trackedFiles } from './tracked-files.ts'

type OpenApi = { readonly paths: Readonly<Record<string, object>> }

const suite = trackedFiles
  .filter((file) => file.startsWith('test/acceptance/'))
  .map(read)
  .join('\n')

const paths = ['docs/openapi.json', 'docs/openapi-operator.json'].flatMap((file) =>
  Object.keys((JSON.parse(read(file)) as OpenApi).paths),
)

describe('the acceptance suite', () => {
  it.each([...new Set(paths)])('calls %s', (path) => {
    expect(suite).toMatch(asCalled(path))
  })
})

/** `/v1/leases/{leaseId}/stop` as it stands in a test: with an id, an expression or a name in its place. */
function asCalled(path: string): RegExp {
  const pattern = path
    .replace(/\{\*\}|\*|\{wildcard\}/g, '{rest}')
    .split(/\{\w+\}/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('(?:\\$\\{[^}]+\\}|:?[\\w.%-]+)')
  return new RegExp(`${pattern.replace('/\\{rest\\}', '/.+')}(?![\\w/-])`)
}
