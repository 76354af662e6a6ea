import { readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { root } from './run-node.ts'
import type { Tally } from './tally.ts'

const folder = path.join(root, '.turbo/runs')

type Summary = {
  readonly tasks: readonly {
    readonly taskId: string
    readonly execution?: { readonly exitCode?: number | null }
  }[]
}

export async function removeTurboSummaries(): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

/**
 * Each task but the unit tests (which count one by one) as passed or failed. A task that turbo does
 * not speak of did not run: failed.
 */
export async function readTurboSummary(tasks: readonly string[]): Promise<Tally> {
  const summary = await readSummary()
  const checks = tasks.filter((task) => !task.endsWith('#unit'))
  const failed = checks.filter((task) => {
    const found = summary?.tasks.find(({ taskId }) => taskId === task)
    return found?.execution?.exitCode !== 0
  })
  return {
    passed: checks.length - failed.length,
    failures: failed.map((task) => `check ${task.replace('//#', '')}`),
    skips: [],
  }
}

async function readSummary(): Promise<Summary | null> {
  const [file] = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'))
  if (file === undefined) return null
  return JSON.parse(await readFile(path.join(folder, file), 'utf8')) as Summary
}
