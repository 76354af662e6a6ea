import './read-using-declarations.ts'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import rules from '../../.dependency-cruiser.mjs'

export type Violation = {
  readonly rule: string
  readonly from: string
  readonly to: string
  /** Why the rule exists, and what else is on the way for rules about reachability. */
  readonly why: string
}

/**
 * Reads every import below `root` (its apps, packages, tests, scripts and benchmarks) and gives the
 * ones that break a rule of .dependency-cruiser.mjs. Imports of `@leasehold/x` count as imports of
 * packages/x: `root` needs its workspace links in node_modules.
 */
export async function findViolations(
  root: string,
): Promise<{ readonly violations: readonly Violation[]; readonly modules: number }> {
  const folders = ['apps', 'packages', 'test', 'scripts', 'bench'].filter((folder) =>
    existsSync(path.join(root, folder)),
  )
  const { output } = await cruise(folders, {
    ...rules.options,
    baseDir: root,
    ruleSet: { forbidden: rules.forbidden },
    validate: true,
  })
  const { summary } = output as ICruiseResult
  const comments = new Map(rules.forbidden.map((rule) => [rule.name, rule.comment]))
  return {
    modules: summary.totalCruised,
    violations: summary.violations.map(({ rule, from, to, cycle, via }) => ({
      rule: rule.name,
      from,
      to,
      why: [comments.get(rule.name), ...(cycle ?? via ?? []).map((step) => step.name)].join(' > '),
    })),
  }
}
