import type { LeaseId, PoolName } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { type Hint, makeJobHints } from './job-hints.ts'
import { makeQuietLog } from './quiet-log.ts'

const lease = (id: string) => id as LeaseId

function setUp(send: (rows: readonly string[]) => Promise<void>) {
  const batches: string[][] = []
  const lines: object[] = []
  let time = 0
  const log = {
    info: () => {},
    error: () => {},
    warn: (fields: object) => void lines.push(fields),
  }
  const hints = makeJobHints(
    async (_name: string, batch: readonly Hint[]) => {
      const rows = batch.map(({ rowId }) => rowId)
      batches.push(rows)
      await send(rows)
    },
    makeQuietLog(log, () => time),
  )
  return {
    hints,
    batches,
    lines,
    pass: (ms: number) => {
      time += ms
    },
  }
}

describe('hints', () => {
  it('go out at once, and those that come meanwhile together, each row once', async () => {
    const gate = Promise.withResolvers<void>()
    const { hints, batches } = setUp(() => gate.promise)

    await hints.lookAtLease(lease('lea_1'))
    for (const row of ['lea_2', 'lea_3', 'lea_2', 'lea_1']) await hints.lookAtLease(lease(row))
    expect(batches).toEqual([['lea_1']])
    gate.resolve()
    await hints.drain(1_000)

    expect(batches).toEqual([['lea_1'], ['lea_2', 'lea_3', 'lea_1']])
  })

  it('of one kind do not wait for those of another', async () => {
    const { hints, batches } = setUp((rows) =>
      rows[0] === 'lea_1' ? new Promise(() => {}) : Promise.resolve(),
    )

    await hints.lookAtLease(lease('lea_1'))
    await hints.admitQueued('local' as PoolName)

    expect(batches).toEqual([['lea_1'], ['local']])
  })

  it('that cannot be sent are left to the sweep: one line, and the next goes out as ever', async () => {
    const { hints, batches, lines, pass } = setUp(async (rows) => {
      if (rows[0]?.startsWith('lea_bad')) throw new Error('connection refused')
    })

    for (let count = 0; count < 50; count += 1) {
      await hints.lookAtLease(lease(`lea_bad${count}`))
      await hints.drain(1_000)
    }
    expect(lines).toHaveLength(1)
    pass(10_000)
    await hints.lookAtLease(lease('lea_bad'))
    await hints.drain(1_000)
    await hints.lookAtLease(lease('lea_good'))
    await hints.drain(1_000)

    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatchObject({ error: 'connection refused', leftOut: 49 })
    expect(batches.at(-1)).toEqual(['lea_good'])
  })

  it('do not fill the memory while the server hangs', async () => {
    const { hints, batches, lines } = setUp(() => new Promise(() => {}))

    for (let row = 0; row < 30_000; row += 1) await hints.lookAtLease(lease(`lea_${row}`))

    expect(batches).toEqual([['lea_0']])
    expect(lines).toMatchObject([{ error: 'too many waiting' }])
  })

  it('are not waited for longer than allowed when the platform ends', async () => {
    const { hints, lines } = setUp(() => new Promise(() => {}))
    await hints.lookAtLease(lease('lea_1'))

    await hints.drain(20)

    expect(lines).toHaveLength(1)
  })
})
