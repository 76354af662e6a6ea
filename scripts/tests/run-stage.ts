import { rm } from 'node:fs/promises'
import path from 'node:path'
import { ensureServicePackages } from '../../test/services/debian-packages.ts'
import { readTurboSummary, removeTurboSummaries } from './read-turbo-summary.ts'
import { readVitestReport } from './read-vitest-report.ts'
import { type Print, root, runNode } from './run-node.ts'
import type { Stage } from './stages.ts'
import { addTallies, nothing, type StageResult, type Tally } from './tally.ts'
import { unhandledFile } from './unhandled-reporter.ts'

/**
 * Runs one stage to its end, printing as it goes; to `print` when it shares the output with others. Never throws for
 * a failing test: it counts it.
 */
export async function runStage(stage: Stage, print?: Print): Promise<StageResult> {
  const startedAt = performance.now()
  const obstacle = await findObstacle(
    stage,
    print ?? ((line) => void process.stdout.write(`${line}\n`)),
  )
  if (obstacle !== null) {
    const skips = [`stage ${stage.name} (${obstacle})`]
    return { ...nothing, skips, stage: stage.name, tookMs: performance.now() - startedAt }
  }
  const tally =
    stage.kind === 'checks'
      ? await runChecks(stage.tasks, stage.limitMs, print)
      : await runVitest(stage.project, stage.limitMs, print)
  return { ...tally, stage: stage.name, tookMs: performance.now() - startedAt }
}

/** Installs what the stage needs first, where that is possible. */
async function findObstacle(
  { usesServices, findObstacle }: Stage,
  log: Print,
): Promise<string | null> {
  if (usesServices === true)
    await ensureServicePackages({ log, signal: new AbortController().signal })
  return (await findObstacle?.()) ?? null
}

/** Through turbo, as `npm run check` does; each task but the unit tests counts as one check. */
async function runChecks(tasks: readonly string[], limitMs: number, print?: Print): Promise<Tally> {
  await removeTurboSummaries()
  const how = ['--continue=always', '--output-logs=new-only', '--summarize', '--ui=stream']
  const exit = await runNode(
    ['node_modules/turbo/bin/turbo', 'run', ...tasks, ...how],
    limitMs,
    print,
  )
  const checks = await readTurboSummary(tasks)
  const unit = await readVitestReport(reportFile('unit'), exit)
  return addTallies(checks, unit)
}

async function runVitest(project: string, limitMs: number, print?: Print): Promise<Tally> {
  const file = reportFile(project)
  for (const old of [file, unhandledFile(file)]) await rm(old, { force: true })
  const reporters = [
    '--reporter=default',
    '--reporter=json',
    '--reporter=./scripts/tests/unhandled-reporter.ts',
    `--outputFile.json=${file}`,
  ]
  const exit = await runNode(
    ['node_modules/vitest/vitest.mjs', 'run', '--project', project, ...reporters],
    limitMs,
    print,
  )
  return await readVitestReport(file, exit)
}

function reportFile(project: string): string {
  return path.join(root, '.cache/reports', `${project}.json`)
}
