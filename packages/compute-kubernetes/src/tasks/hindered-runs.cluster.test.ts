import type { GpuTypeName, ImageName } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { openTaskPlace, type PlacedRun, type TaskPlace } from './testing/task-place.ts'

const { signal } = new AbortController()

describeOnCluster(
  'runs on a real node that find something in their way',
  (cluster) => {
    let place: TaskPlace
    const placed: PlacedRun[] = []
    const remember = (one: PlacedRun) => {
      placed.push(one)
      return one
    }
    const inImage = async (image: string) => {
      const run = remember(place.newRun({ script: '' }, { image: image as ImageName }))
      await place.driver.startRun(run.order, signal)
      return run.order
    }

    beforeAll(async () => {
      place = await openTaskPlace(cluster)
    })
    afterEach(async () => {
      for (const { order } of placed.splice(0)) await place.destroy(order)
    })
    afterAll(() => place?.close())

    describe('a run that cannot come up', () => {
      it('is refused when its image has an impossible name', async () => {
        const order = await inImage('misspelt')

        await place.until(order, { kind: 'refused', detail: expect.stringContaining('image') })
      })

      it('is refused when its image has no Python', async () => {
        const order = await inImage('no-python')

        await place.until(order, { kind: 'refused', detail: expect.stringContaining('python3') })
      })

      it('says that its image has not come when the registry does not answer', async () => {
        const order = await inImage('missing')

        await place.until(order, {
          kind: 'present',
          obstacle: expect.stringContaining('leasehold.local/none:dev'),
        })
      })

      it('says that no node has room, and goes when it is destroyed', async () => {
        const shape = {
          ...place.newRun({ script: '' }).order.shape,
          cpu: { sockets: 1, cores: 200, threads: 1, model: 'host-model' },
        }
        const run = remember(place.newRun({ script: '' }, { shape }))
        await place.driver.startRun(run.order, signal)

        await place.until(run.order, {
          kind: 'present',
          obstacle: expect.stringContaining('Insufficient cpu'),
        })
      })

      it('gets the GPUs it asks for, and waits when a node has too few of them', async () => {
        const { shape } = place.newRun({ script: '' }).order
        const asking = (count: number) => ({
          shape: { ...shape, gpus: [{ type: 'pretended' as GpuTypeName, count }] },
        })
        const script = 'echo $NVIDIA_VISIBLE_DEVICES | tr , "\\n" | grep -c .'
        const two = remember(await place.runToEnd({ script }, asking(2)))
        const hundred = remember(place.newRun({ script: '' }, asking(100)))
        await place.driver.startRun(hundred.order, signal)

        expect(two.run.log().toString()).toBe('2\n')
        await place.until(hundred.order, {
          kind: 'present',
          obstacle: expect.stringContaining('Insufficient nvidia.com/gpu'),
        })
      })

      it('is refused with numbers when it is larger than the tenant’s quota', async () => {
        const { namespace } = place
        await place.client.create(
          kinds.resourceQuotas,
          {
            metadata: { name: 'small', namespace },
            spec: { hard: { 'requests.memory': '200Mi' } },
          },
          signal,
        )
        const run = remember(place.newRun({ script: '' }))
        await place.driver.startRun(run.order, signal)

        await place.until(run.order, {
          kind: 'refused',
          detail: expect.stringMatching(/requested: requests.memory=256Mi.*limited.*200Mi/),
        })
        const quota = { kind: kinds.resourceQuotas, namespace, name: 'small' }
        await place.client.delete(quota, signal)
      })
    })
  },
  { level: 'real' },
)
