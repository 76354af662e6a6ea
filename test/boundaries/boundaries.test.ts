import { rm } from 'node:fs/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import rules from '../../.dependency-cruiser.mjs'
import { findViolations } from '../../scripts/boundaries/find-violations.ts'
import { plantTree } from './plant-tree.ts'
import { breakingTrees, permittedTrees, type Tree } from './trees.ts'

describe('the boundary rules', () => {
  it.each(Object.entries(breakingTrees))(
    '%s: bites on a tree that breaks it',
    async (rule, tree) => {
      expect(await brokenRules(tree)).toEqual([rule])
    },
  )

  it.each(Object.entries(permittedTrees))('let through: %s', async (_, tree) => {
    expect(await brokenRules(tree)).toEqual([])
  })

  it('have a breaking tree each', () => {
    expect(Object.keys(breakingTrees).sort()).toEqual(
      rules.forbidden.map((rule) => rule.name).sort(),
    )
  })
})

async function brokenRules(tree: Tree): Promise<readonly string[]> {
  const root = await plantTree(tree)
  onTestFinished(() => rm(root, { recursive: true }))
  const { violations } = await findViolations(root)
  return [...new Set(violations.map(({ rule }) => rule))]
}
