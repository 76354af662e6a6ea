import type { TestProject } from 'vitest/node'
import { startTarget } from './start-target.ts'
import type { Target } from './target.ts'

declare module 'vitest' {
  interface ProvidedContext {
    target: Target
  }
}

/** Starts one platform with its embedded parts for all specs, and stops it after them. */
export default function setUp(project: TestProject): Promise<() => Promise<void>> {
  return startTarget(project, {})
}
