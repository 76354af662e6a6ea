import { describe, expect, it } from 'vitest'
import { makeMetrics } from './index.ts'

describe('the metrics', () => {
  it('tell how long requests and jobs took', async () => {
    const metrics = makeMetrics()

    metrics.observeRequest({
      app: 'tenant',
      method: 'GET',
      route: '/v1/leases/:leaseId',
      status: 200,
      tookMs: 20,
    })
    metrics.observeJob('reconcile-lease', 'done', 7)

    const text = await metrics.render()
    expect(text).toContain(
      'leasehold_request_duration_seconds_bucket{le="0.025",app="tenant",method="GET",route="/v1/leases/:leaseId",status="200"} 1',
    )
    expect(text).toContain(
      'leasehold_job_duration_seconds_count{job="reconcile-lease",outcome="done"} 1',
    )
  })

  it('ask for the levels at each reading and forget states that are gone', async () => {
    const metrics = makeMetrics()
    const levels = [{ ready: 2, queued: 1 }, { ready: 1 }]
    metrics.levelsFrom(async () => ({
      leases: levels.shift() ?? {},
      tasks: {},
      queueDepth: { 'admit-queued': 4 },
    }))

    const before = await metrics.render()
    const after = await metrics.render()

    expect(before).toContain('leasehold_leases{state="queued"} 1')
    expect(after).toContain('leasehold_leases{state="ready"} 1')
    expect(after).toContain('leasehold_queue_depth{job="admit-queued"} 4')
    expect(after).not.toContain('state="queued"')
  })

  it('still answer when the levels cannot be read, and say so', async () => {
    const metrics = makeMetrics()
    metrics.levelsFrom(async () => {
      throw new Error('database gone')
    })

    const text = await metrics.render()

    expect(text).toContain('leasehold_levels_up 0')
    expect(text).toContain('process_cpu_seconds_total')
    expect(text).not.toContain('database gone')
  })

  it('of two platforms in one process do not mix', async () => {
    const one = makeMetrics()
    const other = makeMetrics()

    one.observeJob('admit-queued', 'done', 1)

    expect(await other.render()).not.toContain('admit-queued')
  })
})
