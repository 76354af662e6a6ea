import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { taskDriverContract } from '../../../testing/src/contracts/task-driver-contract.ts'
import { kinds } from '../client/kinds.ts'
import { aPoll, openTaskPlace, type PlacedRun, type TaskPlace } from './testing/task-place.ts'

const { signal } = new AbortController()
const minutes = 60_000
const waiting = 'echo up; while true; do sleep 0.1; done'

describeOnCluster(
  'tasks as Jobs on a real node',
  (cluster) => {
    let place: TaskPlace
    const placed: PlacedRun[] = []
    const remember = (one: PlacedRun) => {
      placed.push(one)
      return one
    }
    const startUp: TaskPlace['startUp'] = async (...of) => remember(await place.startUp(...of))
    const runToEnd: TaskPlace['runToEnd'] = async (...of) => remember(await place.runToEnd(...of))

    beforeAll(async () => {
      place = await openTaskPlace(cluster)
    })
    afterEach(async () => {
      for (const { order } of placed.splice(0)) await place.destroy(order)
    })
    afterAll(() => place?.close())

    taskDriverContract('Jobs on a real node', async () => ({
      driver: place.driver,
      newOrder: () => place.newRun({ script: waiting }).order,
      newImpossibleOrder: () => ({ ...place.newRun({ script: '' }).order, isolation: 'vm' }),
      killMachine: async (taskId) => {
        const order = { ...place.newRun({ script: '' }).order, taskId }
        await expect.poll(() => place.podsOf(order), aPoll).toHaveLength(1)
        const name = (await place.podsOf(order))[0]?.metadata.name ?? ''
        const pod = { kind: kinds.pods, namespace: place.namespace, name }
        await place.client.delete(pod, signal, { gracePeriodSeconds: 1 })
      },
      close: async () => {},
    }))

    describe('a run', () => {
      it('fetches its inputs, runs, tells its log, uploads its outputs and leaves nothing', async () => {
        const { order, run } = await runToEnd({
          interpreter: 'python3',
          script: `import sys, os; print(open("in/x").read(), sys.argv[1], os.environ["EPOCHS"]); open("outputs/a", "w").write("42")`,
          arguments: ['one'],
          environment: { EPOCHS: '3' },
          inputs: [{ path: 'in/x', content: Buffer.from('input') }],
        })
        await place.until(order, { kind: 'absent' })

        expect(run.log().toString()).toBe('input one 3\n')
        expect(run.outputs.get('a')?.content.toString()).toBe('42')
        expect(run.finish).toEqual({
          exit: { code: 0, signal: null },
          failure: null,
          detail: null,
        })
        await place.destroy(order)
        expect(await place.jobOf(order)).toBeNull()
        expect(await place.podsOf(order)).toEqual([])
        const secret = { kind: kinds.secrets, namespace: place.namespace, name: 'x' }
        const name = `${order.taskId.replace('_', '-')}-a1`
        await expect.poll(() => place.client.get({ ...secret, name }, signal), aPoll).toBeNull()
      })

      it('is nobody, sees no credential and writes only where it may', async () => {
        const { order, run } = await runToEnd({
          script: [
            'id -u; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status',
            'ls /etc/leasehold /var/run/secrets/kubernetes.io 2>&1 | grep -c "No such file"',
            'touch /usr/x 2>/dev/null || echo readonly',
            'touch /tmp/x ~/x ./x /dev/shm/x && echo writable',
            'env | grep -c KUBERNETES_',
            'grep -rls run-cred""ential- /proc/[0-9]*/environ /proc/[0-9]*/cmdline /etc /run ~ 2>/dev/null',
            'test -w /run/leasehold && echo can-write-channel',
            'cat /proc/self/oom_score_adj',
          ].join('\n'),
        })

        expect(run.log().toString().split('\n')).toEqual([
          '10001',
          'CapEff:\t0000000000000000',
          'NoNewPrivs:\t1',
          'Seccomp:\t2',
          '2',
          'readonly',
          'writable',
          '0',
          '1000',
          '',
        ])
        const job = JSON.stringify(await place.jobOf(order))
        expect(job).not.toContain(order.credential)
      })

      it('takes everything with it that the script left running, and no zombie is left meanwhile', async () => {
        const { run } = await runToEnd({
          script: [
            'for i in 1 2 3 4 5; do (setsid sleep 0.1 &) ; done; sleep 1',
            'cat /proc/[0-9]*/stat 2>/dev/null | grep -c ") Z "',
            'setsid sh -c "trap \\"\\" TERM; while true; do echo still; sleep 0.2; done" &',
            'sleep 0.5; echo end',
          ].join('\n'),
        })

        expect(run.log().toString()).toMatch(/^0\n(still\n)*end\n(still\n)*$/)
        expect(run.finish?.exit.code).toBe(0)
      })

      it('stops when the platform asks, and saves what it has', async () => {
        const { order, run } = await startUp(
          `trap 'echo saved > outputs/checkpoint; exit 7' TERM; ${waiting}`,
        )
        run.askToStop()
        await run.until(() => run.finish !== null, 'the run is finished', minutes)

        expect(run.finish).toMatchObject({ exit: { code: 7 }, failure: null })
        expect(run.outputs.get('checkpoint')?.content.toString()).toBe('saved\n')
        await place.until(order, { kind: 'absent' })
      })

      it('that takes too much memory saves its outputs and says why it ended', async () => {
        const { order, run } = await runToEnd({
          interpreter: 'python3',
          script:
            'open("outputs/part", "w").write("part")\nx = bytearray(600 * 2**20)\nprint("done")',
        })

        expect(run.finish).toMatchObject({
          exit: { code: null, signal: 'SIGKILL' },
          failure: 'out-of-memory',
        })
        expect(run.outputs.get('part')?.content.toString()).toBe('part')
        expect(run.log().toString()).not.toContain('done')
        await place.until(order, { kind: 'absent' })
      })

      it('that fills its disk saves its outputs and says why it ended', async () => {
        const { order, run } = await runToEnd({
          script:
            'echo part > outputs/part; head -c 1500000000 /dev/zero > ~/big; echo full; sleep 60',
        })

        expect(run.finish).toMatchObject({ exit: { signal: 'SIGKILL' }, failure: 'out-of-disk' })
        expect(run.outputs.get('part')?.content.toString()).toBe('part\n')
        await place.until(order, { kind: 'absent' })
      })

      it('saves what it has when its node is drained', async () => {
        const { order, run } = await startUp(
          `trap 'echo saved > outputs/checkpoint; exit 0' TERM; ${waiting}`,
        )
        const [pod] = await place.podsOf(order)
        const { name = '' } = pod?.metadata ?? {}
        const ref = { kind: kinds.pods, namespace: place.namespace, name }
        const eviction = {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace: place.namespace },
        }
        await place.client.subresource(ref, 'eviction', 'POST', eviction, signal)
        await run.until(() => run.finish !== null, 'the run is finished', minutes)

        expect(run.finish).toMatchObject({ exit: { code: 0 }, failure: 'interrupted' })
        expect(run.outputs.get('checkpoint')?.content.toString()).toBe('saved\n')
        await place.until(order, { kind: 'absent' })
        expect(run.requests.filter((request) => request.endsWith('/begin'))).toHaveLength(1)
      })

      it('is lost, with a reason, when its agent is killed, and no other pod takes it up', async () => {
        const { order } = await startUp(`trap '' TERM; ${waiting}`)
        const [pod] = await place.podsOf(order)
        const name = pod?.metadata.name ?? ''
        const ref = { kind: kinds.pods, namespace: place.namespace, name }
        await place.client.delete(ref, signal, { gracePeriodSeconds: 1 })

        await place.until(order, { kind: 'absent', loss: { reason: 'machine-lost' } })
        expect(await place.podsOf(order)).toEqual([])
      })

      it('is seen and destroyed by another worker', async () => {
        const { order } = await startUp(waiting)
        const other = await place.open()

        expect(await other.inspectRun(order.taskId, 1, signal)).toEqual({ kind: 'present' })
        await other.destroyRun(order.taskId, 1, signal)

        expect(await place.see(order)).toEqual({ kind: 'absent' })
        expect(await place.podsOf(order)).toEqual([])
      })
    })
  },
  { level: 'real' },
)
