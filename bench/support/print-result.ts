import { type Figure, meets, type Result } from './benchmark.ts'
import { rounded } from './statistics.ts'

/** One line of JSON, for programs. */
export function printJson(result: Result): void {
  process.stdout.write(`${JSON.stringify(asJson(result))}\n`)
}

/** What a result says in JSON, its numbers rounded. */
export function asJson({ name, value, goal, better, runs, unit, also, naive }: Result) {
  const numbers = (figures: readonly Figure[]) =>
    figures.map((figure) => ({ ...figure, value: rounded(figure.value) }))
  return {
    name,
    value: rounded(value),
    goal,
    better,
    runs: runs.map(rounded),
    unit,
    also: numbers(also),
    naive: numbers(naive),
  }
}

/** A table, for people. */
export function printResult(result: Result): void {
  const { name, title, unit, value, runs } = result
  const rows = [
    [title, amount(value, unit), verdict(result)],
    ...result.also.map((figure) => [
      figure.name,
      amount(figure.value, figure.unit),
      verdict(figure),
    ]),
    ...result.naive.map((figure) => [`(${figure.name})`, amount(figure.value, figure.unit), '']),
  ]
  const width = Math.max(...rows.map(([first = '']) => first.length))
  const lines = rows.map(
    ([what = '', number = '', goal = '']) =>
      `  ${what.padEnd(width)}  ${number.padStart(14)}  ${goal}`,
  )
  process.stdout.write(
    `\n${name}\n${lines.join('\n')}\n  runs: ${runs.map(rounded).join(', ')}\n\n`,
  )
}

/** `goal ≥ 0.35: met`, or nothing where there is no goal. */
export function verdict(figure: Pick<Figure, 'value' | 'goal' | 'better'>): string {
  const { value, goal, better } = figure
  if (goal === undefined || better === undefined) return ''
  const words = meets(value, { goal, better }) ? 'met' : 'MISSED'
  return `goal ${better === 'higher' ? '≥' : '≤'} ${goal}: ${words}`
}

export function amount(value: number, unit: string): string {
  return unit === '×' ? `${rounded(value)} ×` : `${rounded(value)} ${unit}`
}
