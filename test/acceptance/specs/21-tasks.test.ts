import { createHash } from 'node:crypto'
import type { FileDownload, LogChunk, LogEnd, Task } from '@leasehold/contract'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ApiClient } from '../../../scripts/client/api-client.ts'
import { readEventStream, type StreamEvent } from '../../../scripts/client/event-stream.ts'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { findTraces } from '../../../scripts/demo/find-traces.ts'
import { machinesTitle, withoutMachines } from '../profiles.ts'
import { expectProblem } from '../support/problems.ts'
import { target, tenantApi } from '../support/target.ts'
import { logOf, outputOf, submitTask, taskEnded, taskIn } from '../support/tasks.ts'

describe.skipIf(withoutMachines)(`tasks${machinesTitle}`, () => {
  let api: ApiClient

  beforeAll(async () => {
    api = await tenantApi('olivia')
  })

  it('run a script on inputs and leave results, log and exit code', async () => {
    await api.send('PUT', '/v1/files/in/numbers.txt', { body: '1\n2\n39\n' })
    const script = [
      'import os, sys',
      'print("::progress 0.5 half way", flush=True)',
      'total = sum(int(line) for line in open("data/numbers.txt"))',
      'os.makedirs("results", exist_ok=True)',
      'open("results/total.txt", "w").write(f"{total} {sys.argv[1]} {os.environ[\'COLOUR\']}")',
      'print("uid", os.getuid() != 0)',
    ].join('\n')
    const submitted = await submitTask(api, {
      framework: 'python',
      script,
      arguments: ['an "argument" $(id)'],
      environment: { COLOUR: 'blue; $(id)' },
      inputs: [{ from: 'in/numbers.txt', path: 'data/numbers.txt' }],
      outputsPath: 'results',
    })

    const task = await taskEnded(api, submitted.id)

    expect(submitted.state).toBe('queued')
    expect(task).toMatchObject({ state: 'succeeded', reason: 'exited-zero', exit: { code: 0 } })
    expect(task.progress).toEqual({ fraction: 0.5, text: 'half way' })
    expect(await logOf(api, task.id)).toContain('uid True')
    const events = await api.get<{ items: { state: string }[] }>(`/v1/tasks/${task.id}/events`)
    expect(events.items.map(({ state }) => state)).toEqual([
      ...['queued', 'starting', 'running', 'ending', 'succeeded'],
    ])
    expect(await outputOf(api, task.id, 'total.txt')).toBe('42 an "argument" $(id) blue; $(id)')
  })

  it('keep what a failing script had written', async () => {
    const { id } = await submitTask(api, {
      script: 'mkdir -p outputs && echo partial > outputs/part.txt; echo broken >&2; exit 3',
      outputsPath: 'outputs',
    })

    const task = await taskEnded(api, id)

    expect(task).toMatchObject({ state: 'failed', reason: 'exited-nonzero', exit: { code: 3 } })
    expect(await outputOf(api, id, 'part.txt')).toBe('partial\n')
    expect(await logOf(api, id)).toContain('broken')
  })

  it('stream their log live, and resume after the last event that was seen', async () => {
    const { id } = await submitTask(api, {
      script: 'for n in $(seq 1 20); do echo "line $n"; sleep 0.5; done',
    })
    const seen = await readUntil(api, id, null, (events) => events.length >= 3)
    const live = await api.get<Task>(`/v1/tasks/${id}`)

    const rest = await readUntil(api, id, seen.at(-1)?.id ?? null, () => false)

    expect(live.endedAt).toBeNull()
    const end = JSON.parse(rest.at(-1)?.data ?? '{}') as LogEnd
    const text = [...seen, ...rest.slice(0, -1)].map(textOf).join('')
    expect(text).toBe(Array.from({ length: 20 }, (_, n) => `line ${n + 1}\n`).join(''))
    expect(rest.at(-1)?.name).toBe('end')
    expect(end.lengthBytes).toBe(Buffer.byteLength(text))
    expect(await logOf(api, id)).toBe(text)
  })

  it('end when they are cancelled, outputs uploaded, and nothing is left', async () => {
    const { id } = await submitTask(api, {
      script: 'mkdir -p outputs; echo so-far > outputs/far.txt; echo begun; sleep 600',
      outputsPath: 'outputs',
    })
    await taskIn(api, id, 'running')
    await waitFor(
      'its first line',
      () => logOf(api, id),
      (log) => log.includes('begun'),
      {
        withinMs: 60_000,
      },
    )

    await api.send('POST', `/v1/tasks/${id}/cancel`)
    const task = await taskEnded(api, id)

    expect(task).toMatchObject({ state: 'cancelled', reason: 'cancelled-by-tenant' })
    expect(await outputOf(api, id, 'far.txt')).toBe('so-far\n')
    expect((await findTraces([id], target().stateFolder)).processes).toEqual([])
    const again = await api.send<Task>('POST', `/v1/tasks/${id}/cancel`)
    expect(again.endedAt).toBe(task.endedAt)
  })

  it('are ended by the platform when their time is up, outputs uploaded', async () => {
    const { id } = await submitTask(api, {
      script: "trap '' TERM; mkdir -p outputs; echo kept > outputs/kept.txt; sleep 600",
      outputsPath: 'outputs',
      timeLimitSeconds: 10,
    })

    const task = await taskEnded(api, id)

    expect(task).toMatchObject({ state: 'timed-out', reason: 'time-limit' })
    expect(await outputOf(api, id, 'kept.txt')).toBe('kept\n')
  })

  it('fail with the reason when an input is not there', async () => {
    const submitted = await api.call('POST', '/v1/tasks', {
      json: {
        framework: 'shell',
        script: 'true',
        machineType: 'tiny',
        inputs: [{ from: 'in/missing.txt', path: 'missing.txt' }],
      },
    })
    if (submitted.status !== 202) return expectProblem(submitted, 404, 'file/not-found')

    const task = await taskEnded(api, (JSON.parse(submitted.text) as Task).id)
    return expect(task).toMatchObject({ state: 'failed', reason: 'input-missing' })
  })

  it('wait in order of priority when the pool is full, with position and reason', async () => {
    const script = 'sleep 45'
    const running = [await submitTask(api, { script }), await submitTask(api, { script })]
    for (const { id } of running)
      await taskIn(api, id, 'starting').catch(() => taskIn(api, id, 'running'))
    const low = await submitTask(api, { script: 'true', priority: 10 })
    const high = await submitTask(api, { script: 'true', priority: 90 })

    const waiting = await waitFor(
      'the positions',
      () => Promise.all([low, high].map(({ id }) => api.get<Task>(`/v1/tasks/${id}`))),
      // Each of the two is read by itself: one may be seen before the other has its place.
      ([first, second]) => first?.position === 2 && second?.position === 1,
      { withinMs: 40_000 },
    )

    // What of it runs out first depends on the host.
    for (const { waitingFor } of waiting)
      expect(waitingFor).toMatch(/^(vcpu|memory-mib|disk-gib) in the pool: needs \d+, free \d+$/)
    for (const { id } of [low, high, ...running]) await api.send('POST', `/v1/tasks/${id}/cancel`)
    for (const { id } of [low, high, ...running])
      expect((await taskEnded(api, id)).state).toBe('cancelled')
  })

  it('write results whose SHA-256 the API knows', async () => {
    const { id } = await submitTask(api, {
      script: 'mkdir -p outputs; head -c 3000000 /dev/zero > outputs/zeros.bin',
      outputsPath: 'outputs',
    })
    await taskEnded(api, id)
    const { items } = await api.get<{ items: { path: string }[] }>(`/v1/tasks/${id}/outputs`)
    const zeros = items.find(({ path }) => path.endsWith('zeros.bin'))

    const file = await api.get<FileDownload>(`/v1/files/${zeros?.path}`)

    expect(file).toMatchObject({
      sizeBytes: 3_000_000,
      sha256: createHash('sha256').update(Buffer.alloc(3_000_000)).digest('hex'),
    })
  })
})

/** Reads the live log from after `lastId` until `enough`, or to its end. */
async function readUntil(
  api: ApiClient,
  id: string,
  lastId: string | null,
  enough: (events: readonly StreamEvent[]) => boolean,
): Promise<readonly StreamEvent[]> {
  const url = `${api.baseUrl}/v1/tasks/${id}/log/stream`
  const signal = AbortSignal.timeout(400_000)
  const events: StreamEvent[] = []
  for await (const event of readEventStream(url, await api.authorization(), lastId, signal)) {
    events.push(event)
    if (enough(events)) break
  }
  return events
}

function textOf({ data }: StreamEvent): string {
  return (JSON.parse(data) as LogChunk).text
}
