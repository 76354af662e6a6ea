import type { BucketTakes, Log, SharedBuckets } from '@leasehold/application'
import { makeQuietLog } from '../quiet-log.ts'
import { withTimeLimit } from '../time-limit.ts'
import { connectRedis, type RedisConnection, type RedisPlace } from './connect-redis.ts'

export type OpenSharedBuckets = SharedBuckets & { close(): void }

/** Redis answers in a millisecond; what takes longer than this is better counted alone. */
const answerMs = 2_000
/** In the slot of the queue's keys: one script settles all of a call. */
const prefix = '{leasehold}:rate:'

/**
 * The clock of Redis is the only one. A bucket that is full again is forgotten by itself.
 * KEYS: buckets. ARGV, three for each: taken, per second, burst.
 */
const settleScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answers = {}
for i, key in ipairs(KEYS) do
  local taken = tonumber(ARGV[i * 3 - 2])
  local perMs = tonumber(ARGV[i * 3 - 1]) / 1000
  local burst = tonumber(ARGV[i * 3])
  local known = redis.call('HMGET', key, 'left', 'at')
  local left = burst
  if known[1] then
    left = math.min(burst, tonumber(known[1]) + math.max(0, now - tonumber(known[2])) * perMs)
  end
  left = math.max(-burst, left - taken)
  redis.call('HSET', key, 'left', string.format('%.6f', left), 'at', string.format('%.0f', now))
  redis.call('PEXPIRE', key, math.ceil((burst - left) / perMs) + 1000)
  answers[i] = string.format('%.6f', left)
end
return answers`

type Settling = { settleBuckets(count: number, ...words: string[]): Promise<string[]> }

/** Buckets in Redis. Connects with the first call, so that processes which count nothing cost it nothing. */
export function openSharedBuckets(
  place: RedisPlace,
  log: Log,
  now: () => number,
): OpenSharedBuckets {
  const quietLog = makeQuietLog(log, now)
  let connection: RedisConnection | null = null
  const connect = (): RedisConnection => {
    const opened = connectRedis(place, 'asking')
    opened.on('error', (error: Error) => quietLog.trouble('rate limits: Redis is away', error))
    opened.defineCommand('settleBuckets', { lua: settleScript })
    return opened
  }
  return {
    async settle(takes) {
      if (takes.length === 0) return []
      const isFirst = connection === null
      connection ??= connect()
      if (isFirst) await untilReady(connection)
      const answer = (connection as unknown as Settling).settleBuckets(
        takes.length,
        ...takes.map(({ key }) => prefix + key),
        ...takes.flatMap(numbersOf),
      )
      const left = await withTimeLimit(answer, answerMs, 'Redis did not answer in time')
      return left.map(Number)
    },
    close: () => connection?.disconnect(),
  }
}

function numbersOf({ taken, perSecond, burst }: BucketTakes): string[] {
  return [String(taken), String(perSecond), String(burst)]
}

async function untilReady(connection: RedisConnection): Promise<void> {
  const ready = new Promise<void>((resolve) => connection.once('ready', () => resolve()))
  await withTimeLimit(ready, answerMs, 'Redis did not answer in time')
}
