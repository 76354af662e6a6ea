import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Paths of what git tracks or would track, from the root, without what was deleted. */
export const trackedFiles: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
  { cwd: root, encoding: 'utf8', maxBuffer: 16 << 20 },
)
  .split('\0')
  .filter((file) => file !== '' && existsSync(path.join(root, file)))

export function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}
