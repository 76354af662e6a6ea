import { describe, expect, it } from 'vitest'
import { read, trackedFiles } from './tracked-files.ts'

const code = trackedFiles.filter((file) => /\.(ts|mts|mjs|py)$/.test(file))
const texts = trackedFiles.filter((file) => !/\.(png|ico|gz|zst)$/.test(file))
const maxLines = 250

describe('the sources', () => {
  it(`have no file over ${maxLines} lines`, () => {
    const long = code.filter((file) => read(file).split('\n').length - 1 > maxLines)

    expect(long).toEqual([])
  })

  it('leave nothing to be done later', () => {
    const marker = new RegExp(
      `\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|${['X', 'XX'].join('')})\\b`,
    )

    expect(code.filter((file) => marker.test(read(file)))).toEqual([])
  })

  it('switch off no check for a whole file', () => {
    const marker = new RegExp(`@ts-${'nocheck'}|biome-ignore-${'all'}|eslint-${'disable'}`)

    expect(code.filter((file) => marker.test(read(file)))).toEqual([])
  })

  it('focus on no single test and skip none without saying why', () => {
    const tests = code.filter((file) => file.endsWith('.test.ts'))
    const marker = new RegExp(`\\b(it|describe|test)\\.(${['on', 'ly'].join('')}|todo|skip)\\(`)

    expect(tests.filter((file) => marker.test(read(file)))).toEqual([])
  })

  it('name no package registry and no folder of one person', () => {
    const foreign = new RegExp(
      [
        ['registry', 'npmjs'].join('\\.'),
        ['registry', 'yarnpkg'].join('\\.'),
        ['pypi', 'org'].join('\\.'),
        ['files', 'pythonhosted'].join('\\.'),
        ['deb', 'debian', 'org'].join('\\.'),
        ['proxy', 'golang'].join('\\.'),
        ['quay', 'io'].join('\\.'),
        ['', 'Users', '[a-z]+', ''].join('/'),
      ].join('|'),
    )

    expect(texts.filter((file) => foreign.test(read(file)))).toEqual([])
  })

  it('live in folders with nouns of their own', () => {
    const shapeless =
      /(^|\/)(utils?|common|helpers?|types|dtos?|managers?|services|misc|lib)(\/|\.ts$)/

    // There services are servers: Keycloak, PostgreSQL, Redis, object stores.
    const servers = /^(test|scripts\/demo)\/services\//

    expect(code.filter((file) => shapeless.test(file) && !servers.test(file))).toEqual([])
  })
})
