import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { Benchmark, Figure, Result } from './benchmark.ts'
import { describeMachine, type MachineFacts } from './machine.ts'
import { amount, asJson, verdict } from './print-result.ts'
import { rounded } from './statistics.ts'

type Recorded = Result & { readonly date: string; readonly machine: MachineFacts }

/** Keeps a result as `results/NAME.json`, with the day and the machine that it is from. */
export async function recordResult(result: Result, folder: URL): Promise<void> {
  const machine = await describeMachine()
  const date = new Date().toISOString().slice(0, 10)
  await mkdir(folder, { recursive: true })
  const text = JSON.stringify({ date, machine, ...asJson(result) }, null, 2)
  await writeFile(new URL(`${result.name}.json`, folder), `${text}\n`)
}

/** Writes all that was recorded as one document. */
export async function writeResults(
  benchmarks: readonly Benchmark[],
  folder: URL,
  file: URL,
): Promise<void> {
  const read = await Promise.all(benchmarks.map((benchmark) => readRecorded(benchmark, folder)))
  const results = read.filter((result) => result !== null)
  const text = [
    '# Results',
    '',
    'Written by `npm run bench`; [README.md](README.md) says how to read it. Only ratios and goals mean',
    'something on another machine. Servers, load and everything else share the cores.',
    '',
    '| Benchmark | Value | Goal | |',
    '| --- | --- | --- | --- |',
    ...results.map(summaryRow),
    ...results.flatMap(section),
    '',
  ].join('\n')
  await writeFile(file, text)
}

/** Null when it was never recorded. */
async function readRecorded(benchmark: Benchmark, folder: URL): Promise<Recorded | null> {
  try {
    const text = await readFile(new URL(`${benchmark.name}.json`, folder), 'utf8')
    return { ...benchmark, ...(JSON.parse(text) as Recorded) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function summaryRow(result: Result): string {
  const { name, value, unit, goal, better, also } = result
  const missed = also.filter((figure) => verdict(figure).endsWith('MISSED'))
  const own = verdict(result).split(': ')[1]
  const words = [own, ...missed.map((figure) => `MISSED: ${figure.name}`)].join('; ')
  return `| [${name}](#${name}) | ${amount(value, unit)} | ${better === 'higher' ? '≥' : '≤'} ${goal} | ${words} |`
}

function section(result: Recorded): string[] {
  const { name, title, value, unit, runs, also, naive, how, date } = result
  const { processor, cores, memoryGiB, kernel, node, postgres } = result.machine
  return [
    '',
    `## ${name}`,
    '',
    `${title[0]?.toUpperCase()}${title.slice(1)}: **${amount(value, unit)}** (${verdict(result)}).`,
    '',
    `Runs: ${runs.map(rounded).join(', ')}.`,
    '',
    '| | |',
    '| --- | --- |',
    ...also.map(figureRow),
    ...naive.map((figure) => `| *${figure.name}* | *${amount(figure.value, figure.unit)}* |`),
    '',
    ...how.map((sentence) => `- ${sentence}`),
    `- Measured on ${date} with ${cores} cores of ${processor}, ${memoryGiB} GiB of memory, Linux ${kernel}, Node.js ${node.slice(1)}, PostgreSQL ${postgres}.`,
  ]
}

function figureRow(figure: Figure): string {
  const goal = verdict(figure)
  return `| ${figure.name} | ${amount(figure.value, figure.unit)}${goal === '' ? '' : ` (${goal})`} |`
}
