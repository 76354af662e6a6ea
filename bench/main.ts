import { parseArgs } from 'node:util'
import { commitToStart } from './benchmarks/commit-to-start.ts'
import { createLease } from './benchmarks/create-lease.ts'
import { hotTenant } from './benchmarks/hot-tenant.ts'
import { idle } from './benchmarks/idle.ts'
import { keycloakToken } from './benchmarks/keycloak-token.ts'
import { knownToken } from './benchmarks/known-token.ts'
import { kubernetesIdle } from './benchmarks/kubernetes-idle.ts'
import { kubernetesLeases } from './benchmarks/kubernetes-leases.ts'
import { kubernetesWrites } from './benchmarks/kubernetes-writes.ts'
import { manyTenants } from './benchmarks/many-tenants.ts'
import { redisFlush } from './benchmarks/redis-flush.ts'
import { rowSecurity } from './benchmarks/row-security.ts'
import { taskStart } from './benchmarks/task-start.ts'
import { twoReplicas } from './benchmarks/two-replicas.ts'
import type { Benchmark, Result } from './support/benchmark.ts'
import { printJson, printResult } from './support/print-result.ts'
import { recordResult, writeResults } from './support/results-file.ts'

/** `[NAME…] [--json] [--record]`: all benchmarks, recorded in RESULTS.md, or the named ones, recorded when that is said. */
const benchmarks = [
  createLease,
  hotTenant,
  knownToken,
  keycloakToken,
  commitToStart,
  twoReplicas,
  redisFlush,
  idle,
  taskStart,
  kubernetesWrites,
  kubernetesLeases,
  kubernetesIdle,
  manyTenants,
  rowSecurity,
]
const { values, positionals } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const chosen = positionals.map(byName)
if (chosen.includes(undefined)) {
  process.stderr.write(`Say one of: ${benchmarks.map(({ name }) => name).join(', ')}.\n`)
  process.exit(2)
}

const folder = new URL('./results/', import.meta.url)
for (const benchmark of chosen.length === 0 ? benchmarks : chosen) {
  if (benchmark === undefined) continue
  const result = await measure(benchmark)
  if (result === null) process.exitCode = 1
  else if (chosen.length === 0 || values.record) {
    await recordResult(result, folder)
    await writeResults(benchmarks, folder, new URL('./RESULTS.md', import.meta.url))
  }
}

function byName(name: string): Benchmark | undefined {
  return benchmarks.find((benchmark) => benchmark.name === name)
}

/** Null when it could not be measured. */
async function measure(benchmark: Benchmark): Promise<Result | null> {
  // Progress goes to standard error: the last line of standard output is the result.
  const tell = (line: string) => void process.stderr.write(`${benchmark.name}: ${line}\n`)
  try {
    const result = { ...benchmark, ...(await benchmark.run(tell)) }
    if (values.json) printJson(result)
    else printResult(result)
    return result
  } catch (error) {
    process.stderr.write(`${benchmark.name} could not be measured: ${(error as Error).stack}\n`)
    return null
  }
}
