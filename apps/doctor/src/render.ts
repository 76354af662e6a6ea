import type { Finding, Verdict } from './finding.ts'

export type Report = {
  /** The worst of all findings. */
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
}

const order: readonly Verdict[] = ['ok', 'warning', 'problem']
const marks: Readonly<Record<Verdict, string>> = { ok: 'ok  ', warning: 'WARN', problem: 'FAIL' }

export function reportOf(findings: readonly Finding[]): Report {
  const worst = Math.max(0, ...findings.map(({ verdict }) => order.indexOf(verdict)))
  return { verdict: order[worst] ?? 'problem', findings }
}

/** For people: a line per finding, and below it what to do. */
export function renderText({ findings }: Report): string {
  const lines = findings.flatMap(({ part, check, verdict, says, advice }) => [
    `${marks[verdict]}  ${part} · ${check}: ${says}`,
    ...(advice === null ? [] : [`      → ${advice}`]),
  ])
  const count = (verdict: Verdict) => findings.filter((one) => one.verdict === verdict).length
  return `${lines.join('\n')}\n\n${count('problem')} problems, ${count('warning')} warnings, ${count('ok')} in order\n`
}

/** 0: nothing to do. 1: something does not work. 2: only warnings. */
export function exitCodeOf({ verdict }: Report): number {
  return { ok: 0, problem: 1, warning: 2 }[verdict]
}
