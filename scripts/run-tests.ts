import './require-node.ts'
import { formatSeconds } from './tests/format-seconds.ts'
import { printReport } from './tests/print-report.ts'
import { runStage } from './tests/run-stage.ts'
import { stages } from './tests/stages.ts'
import type { StageResult } from './tests/tally.ts'

/** `npm test [-- STAGE…]`: every stage in order, whatever the one before said, then one line of counts. */
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !stages.some((stage) => stage.name === name))
if (unknown.length > 0) {
  const names = stages.map(({ name }) => name).join(', ')
  process.stderr.write(`No such stage: ${unknown.join(', ')}. There are: ${names}.\n`)
  process.exit(2)
}

const results: StageResult[] = []
for (const stage of stages) {
  if (asked.length > 0 && !asked.includes(stage.name)) continue
  process.stdout.write(`\n── ${stage.name}: ${stage.about}\n`)
  const result = await runStage(stage)
  process.stdout.write(`── ${stage.name} took ${formatSeconds(result.tookMs)}\n`)
  results.push(result)
}
process.exitCode = printReport(results, process.stdout)
