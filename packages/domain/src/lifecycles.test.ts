import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { leaseEndReasons } from './lease/lease-end-reason.ts'
import { leaseTransitions } from './lease/lease-state.ts'
import { taskEndReasons } from './task/task-end-reason.ts'
import { taskTransitions } from './task/task-state.ts'

type Story = {
  readonly file: string
  readonly transitions: Readonly<Record<string, readonly string[]>>
  readonly reasons: Readonly<Record<string, string>>
}

const stories: readonly Story[] = [
  { file: 'lease.md', transitions: leaseTransitions, reasons: leaseEndReasons },
  { file: 'task.md', transitions: taskTransitions, reasons: taskEndReasons },
]

/** The first two cells of every row of a table whose cells are code: `| `a` | `b` | … |`. */
function pairsBelow(text: string, heading: string): string[] {
  const section = text.split(`## ${heading}`)[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^\| `([a-z-]+)` \| `([a-z-]+)` \|/gm)]
    .map(([, first, second]) => `${first} -> ${second}`)
    .sort()
}

describe.each(stories)('docs/lifecycles/$file', ({ file, transitions, reasons }) => {
  const text = readFileSync(new URL(`../../../docs/lifecycles/${file}`, import.meta.url), 'utf8')

  it('has exactly the moves of the table', () => {
    const moves = Object.entries(transitions).flatMap(([from, targets]) =>
      targets.map((to) => `${from} -> ${to}`),
    )

    expect(pairsBelow(text, 'Every move')).toEqual(moves.sort())
  })

  it('has every reason with the end it leads to', () => {
    const ends = Object.entries(reasons).map(([reason, end]) => `${reason} -> ${end}`)

    expect(pairsBelow(text, 'Every reason and where it leads')).toEqual(ends.sort())
  })

  it('names every state', () => {
    for (const state of Object.keys(transitions)) expect(text).toContain(`\`${state}\``)
  })
})
