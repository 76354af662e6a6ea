import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openAccess } from './support/open-access.ts'
import { openTaskPlatform, type TaskPlatform } from './support/task-platform.ts'

const minutes = 60_000
const waiting = 'echo up; while true; do sleep 0.1; done'
const saving = `trap 'echo saved > outputs/checkpoint; exit 0' TERM; ${waiting}`
const saved = { checkpoint: 'saved\n' }

describeOnCluster(
  'a task on a real node, from its submission to its end',
  (access) => {
    let platform: TaskPlatform
    const submit = (script: string, more: object = {}) =>
      platform.submit({ framework: 'shell', script, cpu: 1, memoryMiB: 256, diskGiB: 1, ...more })

    beforeAll(async () => {
      platform = await openTaskPlatform(access, await openAccess(access))
    }, 3 * minutes)
    afterAll(() => platform?.close(), 3 * minutes)

    it('succeeds with its log and its results in the bucket, and leaves nothing', async () => {
      await platform.api.tenant('PUT', '/v1/files/data/a.csv', { body: '1,2' })
      const id = await submit(
        'import sys; print("hello", sys.argv[1], open("in/a.csv").read()); open("outputs/a.txt", "w").write("42")',
        { framework: 'python', arguments: ['one'], inputs: [{ from: 'data/', path: 'in' }] },
      )

      expect(await platform.untilEnded(id)).toMatchObject({
        state: 'succeeded',
        reason: 'exited-zero',
        exit: { code: 0 },
      })
      expect(await platform.log(id)).toBe('hello one 1,2\n')
      expect(await platform.outputs(id)).toEqual({ 'a.txt': '42' })
      expect(await platform.remains()).toBe('')
    })

    it('fails with the exit code of its script, its results saved', async () => {
      const id = await submit('echo partial > outputs/part; exit 3')

      expect(await platform.untilEnded(id)).toMatchObject({
        state: 'failed',
        reason: 'exited-nonzero',
        exit: { code: 3 },
      })
      expect(await platform.outputs(id)).toEqual({ part: 'partial\n' })
    })

    it('is cancelled with what it could save', async () => {
      const id = await submit(saving)
      await platform.untilSaid(id, 'up\n')
      await platform.api.tenant('POST', `/v1/tasks/${id}/cancel`)

      expect(await platform.untilEnded(id)).toMatchObject({
        state: 'cancelled',
        reason: 'cancelled-by-tenant',
      })
      expect(await platform.outputs(id)).toEqual(saved)
      expect(await platform.remains()).toBe('')
    })

    it('ends at its time limit with what it could save', async () => {
      const id = await submit(saving, { timeLimitSeconds: 10 })

      expect(await platform.untilEnded(id)).toMatchObject({
        state: 'timed-out',
        reason: 'time-limit',
      })
      expect(await platform.outputs(id)).toEqual(saved)
      expect(await platform.remains()).toBe('')
    })

    it('says that it took too much memory', async () => {
      const id = await submit('open("outputs/part", "w").write("p")\nx = bytearray(600 * 2**20)', {
        framework: 'python',
      })

      expect(await platform.untilEnded(id)).toMatchObject({
        state: 'failed',
        reason: 'out-of-memory',
        exit: { signal: 'SIGKILL' },
      })
      expect(await platform.outputs(id)).toEqual({ part: 'p' })
      expect(await platform.endDetail(id)).toContain('memory')
    })

    it('says that its node was emptied, with what it could save', async () => {
      const id = await submit(saving)
      await platform.untilSaid(id, 'up\n')
      await platform.evict(id)

      expect(await platform.untilEnded(id)).toMatchObject({
        state: 'failed',
        reason: 'interrupted',
      })
      expect(await platform.outputs(id)).toEqual(saved)
      expect(await platform.remains()).toBe('')
    })

    it('is refused, with the reason, when its image cannot run it', async () => {
      const id = await submit('true', { image: 'no-python' })

      expect(await platform.untilEnded(id)).toMatchObject({
        state: 'failed',
        reason: 'machine-refused',
      })
      expect(await platform.endDetail(id)).toContain('python3')
      expect(await platform.remains()).toBe('')
    })

    it('reaches the platform and nothing else of the cluster', async () => {
      const probes = [
        'import os, socket',
        'def reach(host, port):',
        '  try: socket.create_connection((host, port), 3).close(); return "open"',
        '  except OSError: return "closed"',
        'print("api", reach(os.environ["NODE"], 6443))',
        'print("kubelet", reach(os.environ["NODE"], 10250))',
        'print("metadata", reach("169.254.169.254", 80))',
        'print("dns-pod", reach(os.environ["POD"], 9153))',
      ]
      const { node, pod } = await platform.addresses()
      const id = await submit(probes.join('\n'), {
        framework: 'python',
        environment: { NODE: node, POD: pod },
      })

      expect(await platform.untilEnded(id)).toMatchObject({ state: 'succeeded' })
      expect(await platform.log(id)).toBe(
        'api closed\nkubelet closed\nmetadata closed\ndns-pod closed\n',
      )
    })
  },
  { level: 'real' },
)
