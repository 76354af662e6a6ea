import { existsSync } from 'node:fs'
import path from 'node:path'
import { settingsDocument } from '@leasehold/config'
import { describe, expect, it } from 'vitest'
import { read, root, trackedFiles } from './tracked-files.ts'

const documents = trackedFiles.filter((file) => file.endsWith('.md'))
const records = documents.filter((file) => file.startsWith('docs/adr/'))

describe('the documents', () => {
  it('greet with a README of one screen', () => {
    expect(read('README.md').split('\n').length).toBeLessThanOrEqual(80)
  })

  it('map the house on at most 150 lines', () => {
    expect(read('docs/architecture.md').split('\n').length).toBeLessThanOrEqual(150)
  })

  it.each(documents)('link only to what exists: %s', (file) => {
    const targets = [...read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      ([, to]) => to ?? '',
    )
    const broken = targets
      .filter((to) => !/^[a-z]+:/.test(to))
      .filter((to) => !existsSync(path.join(root, path.dirname(file), to)))

    expect(broken).toEqual([])
  })

  it.each(documents)('name only npm scripts that exist: %s', (file) => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
    const named = [...read(file).matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, name]) => name)

    expect(named.filter((name) => !scripts.includes(name ?? ''))).toEqual([])
  })

  it.each(records)('give every decision the six headings: %s', (file) => {
    const headings = [...read(file).matchAll(/^## (.+)$/gm)].map(([, title]) => title)

    expect(headings).toEqual([
      'Context',
      'Decision',
      'Consequences',
      'Alternatives rejected',
      'How we will notice it was wrong',
      'Status',
    ])
  })

  it('explain every setting, as generated', () => {
    expect(read('docs/settings.md')).toBe(settingsDocument())
  })

  it.each([
    ...['tenant', 'member', 'lease', 'task', 'machine', 'machine type', 'pool', 'driver'],
    ...['sighting', 'hint', 'sweep', 'step', 'claim', 'generation', 'end reason', 'end state'],
  ])('define the word %s in the glossary', (word) => {
    expect(read('docs/glossary.md')).toContain(`| **${word}** |`)
  })
})
