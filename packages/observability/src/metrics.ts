import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { JobOutcome } from './run-job.ts'

/** How many there are now, by state; asked for when somebody reads the metrics. */
export type Levels = {
  readonly leases: Readonly<Record<string, number>>
  readonly tasks: Readonly<Record<string, number>>
  /** Waiting jobs by name. */
  readonly queueDepth: Readonly<Record<string, number>>
}

export type Metrics = {
  /** `route` is the pattern (`/v1/leases/:leaseId`), never the address: addresses have no end. */
  observeRequest(facts: {
    readonly app: string
    readonly method: string
    readonly route: string
    readonly status: number
    readonly tookMs: number
  }): void
  observeJob(name: string, outcome: JobOutcome, tookMs: number): void
  /** Asked at every reading of the metrics, for at most `levelsLimitMs`; a failure shows as `leasehold_levels_up 0`. */
  levelsFrom(source: (signal: AbortSignal) => Promise<Levels>): void
  readonly contentType: string
  /** The text of `/metrics`. */
  render(): Promise<string>
}

const levelsLimitMs = 2_000
const secondsBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60]

/**
 * A registry of its own, so that two platforms in one process do not mix. Nothing runs between
 * readings: the usual default collectors watch the event loop every 10 ms, which an idle platform would feel.
 */
export function makeMetrics(): Metrics {
  const registry = new Registry()
  const requests = new Histogram({
    name: 'leasehold_request_duration_seconds',
    help: 'How long requests took, by route and status.',
    labelNames: ['app', 'method', 'route', 'status'],
    buckets: secondsBuckets,
    registers: [registry],
  })
  const jobs = new Histogram({
    name: 'leasehold_job_duration_seconds',
    help: 'How long jobs took, by name and outcome.',
    labelNames: ['job', 'outcome'],
    buckets: secondsBuckets,
    registers: [registry],
  })
  addProcessMetrics(registry)
  const levels = addLevels(registry)
  return {
    observeRequest: ({ app, method, route, status, tookMs }) =>
      requests.observe({ app, method, route, status: String(status) }, tookMs / 1_000),
    observeJob: (job, outcome, tookMs) => jobs.observe({ job, outcome }, tookMs / 1_000),
    levelsFrom: (source) => levels.use(source),
    contentType: registry.contentType,
    async render() {
      await levels.refresh()
      return registry.metrics()
    },
  }
}

type LevelsSource = (signal: AbortSignal) => Promise<Levels>

function addLevels(registry: Registry): {
  use(source: LevelsSource): void
  refresh(): Promise<void>
} {
  const gauge = (name: string, help: string, label: string) =>
    new Gauge({ name, help, labelNames: [label], registers: [registry] })
  const leases = gauge('leasehold_leases', 'Leases by state.', 'state')
  const tasks = gauge('leasehold_tasks', 'Tasks by state.', 'state')
  const depth = gauge('leasehold_queue_depth', 'Jobs that wait for a worker.', 'job')
  const up = new Gauge({
    name: 'leasehold_levels_up',
    help: '1 when the levels above could be read just now.',
    registers: [registry],
  })
  let source: LevelsSource | null = null
  return {
    use: (next) => {
      source = next
    },
    async refresh() {
      if (source === null) return
      for (const one of [leases, tasks, depth]) one.reset()
      try {
        const found = await inTime(source)
        for (const [state, count] of Object.entries(found.leases)) leases.set({ state }, count)
        for (const [state, count] of Object.entries(found.tasks)) tasks.set({ state }, count)
        for (const [job, count] of Object.entries(found.queueDepth)) depth.set({ job }, count)
        up.set(1)
      } catch {
        up.set(0)
      }
    },
  }
}

/** A source that ignores its signal must not hold the reader up. */
function inTime(source: LevelsSource): Promise<Levels> {
  const signal = AbortSignal.timeout(levelsLimitMs)
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([source(signal), late])
}

function addProcessMetrics(registry: Registry): void {
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of this process.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of this process.',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
}
