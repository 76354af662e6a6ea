import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { inspectCluster } from './inspect-cluster.ts'
import { neededPermissions } from './permissions/needed-permissions.ts'
import { type LimitedPlace, openLimitedPlace, silent } from './permissions/testing/limited-place.ts'

const signal = AbortSignal.timeout(240_000)

describeOnCluster('a look at a cluster', (cluster) => {
  let place: LimitedPlace
  beforeAll(async () => {
    place = await openLimitedPlace(cluster)
  })
  afterAll(() => place?.close())

  const look = () => {
    const kubeconfig = { file: place.account.kubeconfig }
    return inspectCluster({ ...place.settings, kubeconfig }, silent, signal)
  }

  it('finds nothing missing for an account with the rights of deploy/kubernetes', async () => {
    expect((await look()).missingRights).toEqual([])
  })

  it('names a right that was taken away', async () => {
    const isTaken = ({ scope, resources }: (typeof neededPermissions)[number]) =>
      scope === 'cluster' && resources.includes('nodes')
    try {
      await place.giveRights(
        neededPermissions.map((one) => (isTaken(one) ? { ...one, verbs: ['list'] as const } : one)),
      )
      expect((await look()).missingRights).toEqual(['watch nodes'])
    } finally {
      await place.giveRights(neededPermissions)
    }
  })
})
