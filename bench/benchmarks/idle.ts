import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startPlatform } from '../../scripts/client/platform-process.ts'
import type { Benchmark, Tell } from '../support/benchmark.ts'
import { memoryOf, type ProcessFacts, processTree } from '../support/processes.ts'
import { median } from '../support/statistics.ts'

const root = resolve(import.meta.dirname, '../..')
const settleSeconds = 20
const windows = 4
const windowSeconds = 15

export const idle: Benchmark = {
  name: 'idle',
  title: 'CPU of the whole platform on one computer while nobody uses it',
  unit: '% of a core',
  goal: 1,
  better: 'lower',
  how: [
    `The all-in-one app as "npm start" starts it, with a fresh state folder and nothing configured, ${settleSeconds} s after it is ready, for ${windows * windowSeconds} s in ${windows} windows; the value is over all of them.`,
    'CPU time of all of its processes from /proc: Node.js with every app, PostgreSQL, the object store; of processes that came and went, too.',
    'Memory after that, in units of 10⁶ bytes: RSS counts pages that processes share once for each of them, PSS divides them.',
    'All real, the log at its usual level. No machines run, which is what idle means here.',
  ],
  run: async (tell) => {
    const folder = await mkdtemp(join(tmpdir(), 'leasehold-idle-'))
    try {
      const app = await startPlatform(settingsIn(folder), join(folder, 'log'))
      try {
        tell('ready; letting it settle')
        await delay(settleSeconds * 1_000)
        return await watch(app.pid, tell)
      } finally {
        await app.stop()
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

function settingsIn(folder: string): Record<string, string> {
  const ports = ['API', 'OPERATOR', 'RUN_API', 'GATEWAY', 'SSH', 'ISSUER']
  return {
    LEASEHOLD_STATE: join(folder, 'state'),
    LEASEHOLD_CACHE: process.env.LEASEHOLD_CACHE ?? join(root, '.leasehold'),
    ...Object.fromEntries(ports.map((name) => [`${name}_PORT`, '0'])),
  }
}

async function watch(pid: number, tell: Tell) {
  const shares: Readonly<Record<Part, number>>[] = []
  for (let window = 1; window <= windows; window++) {
    const before = await processTree(pid)
    const startedAt = performance.now()
    await delay(windowSeconds * 1_000)
    const share = shareOf(before, await processTree(pid), performance.now() - startedAt)
    shares.push(share)
    tell(`window ${window} of ${windows}: ${totalOf(share).toFixed(2)} % of a core`)
  }
  const part = (of: Part) => mean(shares.map((share) => share[of]))
  const memory = await memoryByPart(pid)
  const sum = (of: 'rssMb' | 'pssMb') => memory.app[of] + memory.postgres[of]
  const below400 = { unit: 'MB', goal: 400, better: 'lower' } as const
  return {
    value: mean(shares.map(totalOf)),
    runs: shares.map(totalOf),
    also: [
      { name: 'RSS of the app and PostgreSQL', value: sum('rssMb'), ...below400 },
      { name: 'PSS of the app and PostgreSQL', value: sum('pssMb'), ...below400 },
      { name: 'RSS of the app', value: memory.app.rssMb, unit: 'MB' },
      { name: 'RSS of PostgreSQL, all processes', value: memory.postgres.rssMb, unit: 'MB' },
      { name: 'PSS of PostgreSQL, all processes', value: memory.postgres.pssMb, unit: 'MB' },
      { name: 'RSS of the object store, beside it', value: memory.objects.rssMb, unit: 'MB' },
      { name: 'CPU of the app', value: part('app'), unit: '%' },
      { name: 'CPU of PostgreSQL', value: part('postgres'), unit: '%' },
      { name: 'CPU of the object store', value: part('objects'), unit: '%' },
      { name: 'median window', value: median(shares.map(totalOf)), unit: '%' },
    ],
    naive: [],
  }
}

const parts = ['app', 'postgres', 'objects'] as const
type Part = (typeof parts)[number]

function partOf({ name }: ProcessFacts): Part {
  if (name.startsWith('postgres')) return 'postgres'
  return name.startsWith('weed') ? 'objects' : 'app'
}

/** Percent of a core. A process that ended meanwhile is in the time of its parent. */
function shareOf(
  before: readonly ProcessFacts[],
  after: readonly ProcessFacts[],
  tookMs: number,
): Readonly<Record<Part, number>> {
  const spent = (processes: readonly ProcessFacts[], part: Part) =>
    processes
      .filter((process) => partOf(process) === part)
      .reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
  const percent = (part: Part) =>
    Math.max(0, ((spent(after, part) - spent(before, part)) / tookMs) * 100_000)
  return { app: percent('app'), postgres: percent('postgres'), objects: percent('objects') }
}

function totalOf(share: Readonly<Record<Part, number>>): number {
  return parts.reduce((sum, part) => sum + share[part], 0)
}

async function memoryByPart(pid: number) {
  const sums = Object.fromEntries(
    parts.map((part) => [part, { rssMb: 0, pssMb: 0 }]),
  ) as unknown as Record<Part, { rssMb: number; pssMb: number }>
  for (const process of await processTree(pid)) {
    const { rssMb, pssMb } = await memoryOf(process.pid)
    sums[partOf(process)].rssMb += rssMb
    sums[partOf(process)].pssMb += pssMb
  }
  return sums
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
