import './require-node.ts'
import { parseArgs } from 'node:util'
import { runNode } from './tests/run-node.ts'

/** `npm run test:acceptance -- [--profile smoke|full] [FILE…]`: more arguments go to Vitest. */
const { values, positionals } = parseArgs({
  options: { profile: { type: 'string', default: 'full' } },
  allowPositionals: true,
})
if (values.profile !== 'smoke' && values.profile !== 'full') {
  process.stderr.write('--profile is smoke (no machines) or full.\n')
  process.exit(2)
}
process.env.ACCEPTANCE_PROFILE = values.profile
const exit = await runNode(
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'acceptance', ...positionals],
  3_600_000,
)
process.exitCode = exit === 'ended' ? 0 : 1
