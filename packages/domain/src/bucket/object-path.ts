import { DomainError } from '../errors/domain-error.ts'

/**
 * Checks a path inside a tenant's bucket and gives it back unchanged. Refused: empty, over 900
 * bytes, a leading or doubled slash, `.` or `..` parts, backslashes, control characters, NUL.
 */
export function parseObjectPath(path: string, field: string | null = null): string {
  const refuse = (why: string) => new DomainError('file/path-invalid', why, {}, field)
  if (path.length === 0) throw refuse('The path is empty.')
  if (encodeURIComponent(path).replace(/%[0-9A-F]{2}/g, '_').length > 900)
    throw refuse('The path is longer than 900 bytes.')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what we look for
  if (/[\u0000-\u001f\u007f\\]/.test(path))
    throw refuse('The path holds a control character or a backslash.')
  if (path.startsWith('/')) throw refuse('The path must not start with a slash.')
  const parts = (path.endsWith('/') ? path.slice(0, -1) : path).split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw refuse('The path holds an empty part, `.` or `..`.')
  return path
}

/** Where everything a task leaves behind lies in its tenant's bucket. */
export function taskPrefix(taskId: string): string {
  return `tasks/${taskId}/`
}
