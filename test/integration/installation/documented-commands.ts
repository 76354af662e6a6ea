import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Environment, root } from '../support/start-app.ts'

const run = promisify(execFile)

/** The commands of a document below `docs/operate`, as an operator would copy them: the block after `<!-- name -->`. */
export function documentedCommands(document: string, name: string): string {
  const text = readFileSync(join(root, 'docs/operate', document), 'utf8')
  const [, block] = text.split(`<!-- ${name} -->\n\`\`\`sh\n`)
  const commands = block?.split('\n```')[0]
  if (commands === undefined) throw new Error(`${document} has no commands named ${name}.`)
  return commands
}

/** Runs them in a shell that ends with the first failure. */
export async function runDocumented(
  document: string,
  name: string,
  env: Environment,
): Promise<string> {
  const script = `set -euo pipefail\n${documentedCommands(document, name)}`
  const { stdout } = await run('bash', ['-c', script], { env: { ...env }, timeout: 120_000 })
  return stdout
}
