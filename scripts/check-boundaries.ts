import './require-node.ts'
import { fileURLToPath } from 'node:url'
import { findViolations } from './boundaries/find-violations.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { violations, modules } = await findViolations(root)
for (const violation of violations) {
  process.stderr.write(`${violation.rule}: ${violation.from} -> ${violation.to}\n`)
  process.stderr.write(`  ${violation.why}\n`)
}
process.stdout.write(`${modules} modules, ${violations.length} broken rules\n`)
process.exitCode = violations.length === 0 ? 0 : 1
