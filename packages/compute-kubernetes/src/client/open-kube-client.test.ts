import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kinds } from './kinds.ts'
import type { KubeClient } from './kube-client.ts'
import { KubeUnavailable } from './kube-error.ts'
import { openKubeClient } from './open-kube-client.ts'
import {
  breakOff,
  failureOf,
  type Handler,
  type HostileServer,
  hangUp,
  json,
  openHostileServer,
  refuse,
} from './testing/hostile-server.ts'
import { type QuickTime, quickTime } from './testing/quick-time.ts'

const log = { info() {}, warn() {}, error() {} }
const ref = { kind: kinds.configMaps, namespace: 'tenant', name: 'one' }
const labels = { 'leasehold.dev/lease': 'lse-one' }
const stored = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'one', namespace: 'tenant', uid: 'u-1', resourceVersion: '7', labels },
}

describe('the client before a hostile API server', () => {
  const { signal } = new AbortController()
  let server: HostileServer
  let client: KubeClient
  let time: QuickTime

  beforeEach(async () => {
    server = await openHostileServer()
    time = quickTime(50)
    client = await open()
  })
  afterEach(async () => {
    await client.close()
    await server.close()
  })
  const open = (more = {}) =>
    openKubeClient({ settings: { file: server.kubeconfig }, log, time, ...more })

  it('reads the log of a container that has said nothing, for which the server answers 204', async () => {
    server.handle(({ response }) => response.writeHead(204).end())
    const pod = { kind: kinds.pods, namespace: 'tenant', name: 'one' }

    const log = await client.podLog(pod, { container: 'task' }, signal)

    expect(await log.toArray()).toEqual([])
  })

  it('keeps its connections for the next request', async () => {
    server.handle(json(stored))

    for (let count = 0; count < 50; count += 1) await client.get(ref, signal)

    expect(server.calls).toHaveLength(50)
    expect(server.connections()).toBeLessThanOrEqual(2)
  })

  it('waits for an answer that takes five seconds', async () => {
    server.handle((call) => void time.after(5_000, () => json(stored)(call)))

    expect(await client.get(ref, signal)).toMatchObject({ metadata: { uid: 'u-1' } })
    expect(server.calls).toHaveLength(1)
  })

  it('ends a request that gets no answer, and gives up after a few attempts', async () => {
    const closed: string[] = []
    const hasty = await open({ requestTimeoutMs: 5_000 })
    server.handle(({ request, method }) => request.socket.on('close', () => closed.push(method)))

    const error = await failureOf(hasty.get(ref, signal))

    expect(error).toBeInstanceOf(KubeUnavailable)
    expect((error as Error).message).toMatch(/no answer in 5000 ms \(after 5 attempts\)/)
    await expect.poll(() => closed).toHaveLength(5)
  })

  it('ends a request at once when its signal aborts', async () => {
    const caller = new AbortController()
    let isClosed = false
    server.handle(({ request }) => {
      request.socket.on('close', () => {
        isClosed = true
      })
      caller.abort(new Error('enough'))
    })

    await expect(client.get(ref, caller.signal)).rejects.toThrow('enough')
    await expect.poll(() => isClosed).toBe(true)
    expect(server.calls).toHaveLength(1)
  })

  it('gives up on a body that stops half way, or drips for ever', async () => {
    const hasty = await open({ requestTimeoutMs: 5_000 })
    server.script(
      ({ response }) => response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const drip = setInterval(() => response.write(' '), 20)
        response.on('close', () => clearInterval(drip))
      },
      json(stored),
    )

    expect(await hasty.get(ref, signal)).toMatchObject({ metadata: { uid: 'u-1' } })
    expect(server.calls).toHaveLength(3)
  })

  it('waits at least as long as Retry-After asks', async () => {
    const at: number[] = []
    server.script(
      (call) => {
        at.push(time.now())
        refuse(429, 'TooManyRequests', 'slow down', { 'retry-after': '7' })(call)
      },
      (call) => {
        at.push(time.now())
        json(stored)(call)
      },
    )

    await client.get(ref, signal)

    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(7_000)
    expect(client.metrics()).toMatchObject({ retries: 1 })
  })

  it('tells of a storm of 429 after few attempts, and does not wait an hour', async () => {
    server.handle(refuse(429, 'TooManyRequests', 'slow down', { 'retry-after': '1' }))
    const patient = await failureOf(client.get(ref, signal))
    const attempts = server.calls.length
    server.handle(refuse(429, 'TooManyRequests', 'slow down', { 'retry-after': '3600' }))
    const impatient = await failureOf(client.get(ref, signal))

    expect(patient).toMatchObject({ status: 429, isRetryable: true, retryAfterMs: 1_000 })
    expect(attempts).toBe(5)
    expect(impatient).toMatchObject({ status: 429, retryAfterMs: 3_600_000 })
    expect(server.calls.length - attempts).toBe(1)
  })

  it('pauses longer from attempt to attempt, by chance', async () => {
    server.handle(refuse(500, 'InternalError'))

    await failureOf(client.get(ref, signal))

    const pauses = time.waits.filter((ms) => ms < 15_000)
    expect(pauses).toEqual([100, 200, 400, 800])
  })

  it('answers an outage with less and less, not with a storm', async () => {
    server.handle(refuse(500, 'InternalError'))

    await Promise.all(Array.from({ length: 60 }, () => failureOf(client.get(ref, signal))))

    // 60 first attempts and 100 retries at most, where unlimited ones would have made 300.
    expect(server.calls.length).toBeGreaterThan(60)
    expect(server.calls.length).toBeLessThanOrEqual(160)
  })

  it.each<[string, Handler]>([
    ['500', refuse(500, 'InternalError')],
    ['503 of a missing aggregated API', ({ response }) => response.writeHead(503).end('no')],
    ['a connection that breaks in the middle of the answer', breakOff],
    ['a connection that is hung up', hangUp],
    [
      'a page of a proxy',
      ({ response }) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    ],
    [
      'no JSON',
      ({ response }) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
    ],
  ])('reads again after %s', async (_name, bad) => {
    server.script(bad, json(stored))

    expect(await client.get(ref, signal)).toMatchObject({ metadata: { uid: 'u-1' } })
    expect(server.calls).toHaveLength(2)
  })

  it('never takes the 404 of a proxy for the absence of an object', async () => {
    server.handle(({ response }) =>
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not found</h1>'),
    )

    const error = await failureOf(client.get(ref, signal))

    expect(error).toBeInstanceOf(KubeUnavailable)
    expect((error as Error).message).toContain('text/html')
  })

  it('refuses an answer too deep to be an object', async () => {
    const bomb = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
    server.handle(({ response }) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(bomb),
    )

    expect(await failureOf(client.get(ref, signal))).toBeInstanceOf(KubeUnavailable)
  })

  it('says that nobody answers when nobody listens', async () => {
    await server.close()

    const error = await failureOf(
      client.create(kinds.configMaps, { metadata: stored.metadata }, signal),
    )

    expect(error).toBeInstanceOf(KubeUnavailable)
    expect((error as Error).message).toContain('ECONNREFUSED')
  })
})
