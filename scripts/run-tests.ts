import './require-node.ts'
import { formatSeconds } from './tests/format-seconds.ts'
import { printReport } from './tests/print-report.ts'
import { runStage } from './tests/run-stage.ts'
import { groupStages, type Stage, stages } from './tests/stages.ts'
import type { StageResult } from './tests/tally.ts'

/**
 * `npm test [-- STAGE…]`: every stage in order, whatever the one before said, then one line of counts. Of stages that
 * run at the same time each line begins with the stage's name.
 */
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !stages.some((stage) => stage.name === name))
if (unknown.length > 0) {
  const names = stages.map(({ name }) => name).join(', ')
  process.stderr.write(`No such stage: ${unknown.join(', ')}. There are: ${names}.\n`)
  process.exit(2)
}

const results: StageResult[] = []
for (const group of groupStages(
  stages.filter(({ name }) => asked.length === 0 || asked.includes(name)),
))
  results.push(...(await Promise.all(group.map((stage) => run(stage, group.length > 1)))))
process.exitCode = printReport(results, process.stdout)

async function run(stage: Stage, isBeside: boolean): Promise<StageResult> {
  const label = isBeside ? `${stage.name.padEnd(12)}│ ` : ''
  const print = (line: string) => void process.stdout.write(`${label}${line}\n`)
  print(`── ${stage.name}: ${stage.about}`)
  const result = await runStage(stage, isBeside ? print : undefined)
  print(`── ${stage.name} took ${formatSeconds(result.tookMs)}`)
  return result
}
