import { DomainError } from '@leasehold/domain'

/** What runs the script of each framework inside the guest. */
const interpreters: Readonly<Record<string, string>> = {
  python: 'python3',
  pytorch: 'python3',
  tensorflow: 'python3',
  jax: 'python3',
  shell: '/bin/sh',
}

export const taskFrameworks: readonly string[] = Object.keys(interpreters)

/** The interpreter of a framework; `request/invalid` for one that is not known. */
export function interpreterOf(framework: string): string {
  const interpreter = Object.hasOwn(interpreters, framework) ? interpreters[framework] : undefined
  if (interpreter !== undefined) return interpreter
  throw new DomainError(
    'request/invalid',
    `The framework is one of: ${taskFrameworks.join(', ')}.`,
    { possible: taskFrameworks.join(',') },
    '/framework',
  )
}
