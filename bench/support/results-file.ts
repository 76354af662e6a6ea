import { writeFile } from 'node:fs/promises'
import type { Figure, Result } from './benchmark.ts'
import { describeMachine } from './machine.ts'
import { amount, verdict } from './print-result.ts'
import { rounded } from './statistics.ts'

/** Writes all results as one document, with the machine that they are from. */
export async function writeResults(results: readonly Result[], file: URL): Promise<void> {
  const { processor, cores, memoryGiB, kernel, node, postgres } = await describeMachine()
  const text = [
    '# Results',
    '',
    'Written by `npm run bench`; [README.md](README.md) says how to read it. Only ratios and goals mean',
    'something on another machine.',
    '',
    `Measured on ${new Date().toISOString().slice(0, 10)} with ${cores} cores of ${processor}, ${memoryGiB} GiB of memory, Linux ${kernel},`,
    `Node.js ${node.slice(1)}, PostgreSQL ${postgres}. Servers, load and everything else share these cores.`,
    '',
    '| Benchmark | Value | Goal | |',
    '| --- | --- | --- | --- |',
    ...results.map(summaryRow),
    ...results.flatMap(section),
    '',
  ].join('\n')
  await writeFile(file, text)
}

function summaryRow(result: Result): string {
  const { name, value, unit, goal, better, also } = result
  const missed = also.filter((figure) => verdict(figure).endsWith('MISSED'))
  const own = verdict(result).split(': ')[1]
  const words = [own, ...missed.map((figure) => `MISSED: ${figure.name}`)].join('; ')
  return `| [${name}](#${name}) | ${amount(value, unit)} | ${better === 'higher' ? '≥' : '≤'} ${goal} | ${words} |`
}

function section(result: Result): string[] {
  const { name, title, value, unit, runs, also, naive, how } = result
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
  ]
}

function figureRow(figure: Figure): string {
  const goal = verdict(figure)
  return `| ${figure.name} | ${amount(figure.value, figure.unit)}${goal === '' ? '' : ` (${goal})`} |`
}
