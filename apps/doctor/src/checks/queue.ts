import type { Config } from '@leasehold/config'
import { inspectRedis, type RedisFacts } from '@leasehold/queue'
import { type Finding, findingsOf } from '../finding.ts'
import type { Check } from '../run-checks.ts'

const { ok, warning, problem } = findingsOf('queue')

/** BullMQ needs 6.2; older ones are no longer maintained. */
const oldestMajor = 7
const fullShare = 0.9

export function checkQueue({ queue }: Config): readonly Check[] {
  // In PostgreSQL the queue is as well as the database.
  if (queue.kind === 'postgres') return []
  return [
    {
      part: 'queue',
      whenItFails:
        'See that the server of REDIS_URL runs, is reached from here, and knows the password in it. Until then jobs are found by the sweep: slower, nothing lost.',
      look: async () => judge(await inspectRedis(queue)),
    },
  ]
}

/** What the facts of a Redis mean. Pure. */
export function judge(facts: RedisFacts): readonly Finding[] {
  const { version, evictionPolicy, maxMemoryBytes, usedMemoryBytes } = facts
  const isFull = maxMemoryBytes !== null && usedMemoryBytes > maxMemoryBytes * fullShare
  return [
    Number.parseInt(version, 10) >= oldestMajor
      ? ok('version', `Redis ${version} answers.`)
      : warning('version', `Redis ${version} is old.`, `Upgrade it to ${oldestMajor} or newer.`),
    evictionPolicy === 'noeviction'
      ? ok('eviction', 'Jobs are not thrown away when memory is short.')
      : problem(
          'eviction',
          `maxmemory-policy is ${evictionPolicy}: jobs vanish when memory is short.`,
          'Start Redis with --maxmemory-policy noeviction.',
        ),
    isFull
      ? problem(
          'memory',
          `${usedMemoryBytes} of ${maxMemoryBytes} bytes are used: new jobs are about to be refused.`,
          'Give Redis more maxmemory, or a server that nobody else fills.',
        )
      : ok('memory', 'There is room for jobs.'),
  ]
}
