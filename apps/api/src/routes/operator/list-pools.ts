import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ListPools, PoolReport } from '@leasehold/application'
import { type Pool, PoolList } from '@leasehold/contract'
import { answer, problems, timestamp } from '../answers.ts'

const schema = {
  operationId: 'listPools',
  summary: 'Where machines run, what there is and what is taken',
  tags: ['pools'],
  response: { 200: answer('Every configured pool.', PoolList), ...problems() },
}

/** GET /v1/pools */
export const listPoolsRoute: FastifyPluginAsyncTypebox<{ listPools: ListPools }> = async (
  app,
  { listPools },
) => {
  app.get('', { schema }, async () => ({ items: (await listPools()).map(poolView) }))
}

function poolView({ pool, images, taskImages, taskIsolations, room, trouble }: PoolReport): Pool {
  return {
    name: pool.name,
    region: pool.region,
    driver: pool.driver,
    images: [...images],
    taskImages: [...taskImages],
    taskIsolations: [...taskIsolations],
    status: trouble === null ? 'ok' : 'degraded',
    trouble: trouble && { detail: trouble.detail, since: timestamp(trouble.since) },
    capacity: room === null ? null : ({ ...room.total } as Record<string, number>),
    occupied: room === null ? null : ({ ...room.occupied } as Record<string, number>),
  }
}
