import { parseObjectPath, taskPrefix } from '../bucket/object-path.ts'
import { DomainError } from '../errors/domain-error.ts'
import type { TaskId } from '../shared/ids.ts'

/** Where the parts of a task lie in its tenant's bucket. Everything but `outputs/` is written by the platform only. */
export const taskPaths = {
  script: (id: TaskId) => `${taskPrefix(id)}script`,
  inputs: (id: TaskId) => `${taskPrefix(id)}inputs.json`,
  log: (id: TaskId) => `${taskPrefix(id)}log.txt`,
  outputs: (id: TaskId) => `${taskPrefix(id)}outputs/`,
}

/** Refuses a path that only the platform may write or remove: everything below `tasks/`, which is the record of what ran. */
export function requireWritablePath(path: string, field: string | null = null): string {
  parseObjectPath(path, field)
  if (path.endsWith('/'))
    throw new DomainError(
      'file/path-invalid',
      'The path of a file must not end with a slash.',
      {},
      field,
    )
  if (path.startsWith('tasks/'))
    throw new DomainError(
      'file/path-invalid',
      'Everything below tasks/ is written by the platform. Use another folder.',
      {},
      field,
    )
  return path
}

/** A path inside the guest's working folder: relative, without `..`. */
export function parseGuestPath(path: string, field: string | null = null): string {
  return parseObjectPath(path, field)
}

/** Refuses environment names that a shell would not take, and values that a process cannot hold. */
export function parseEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
      throw new DomainError(
        'request/invalid',
        'Environment names consist of letters, digits and underscores and do not start with a digit.',
        {},
        '/environment',
      )
    if (value.includes('\u0000'))
      throw new DomainError(
        'request/invalid',
        `The value of ${name} holds a NUL byte.`,
        {},
        `/environment/${name}`,
      )
  }
}
