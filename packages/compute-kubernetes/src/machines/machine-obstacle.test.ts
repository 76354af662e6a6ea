import { machineObstacles } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import type { Condition } from './kubevirt-objects.ts'
import { machineObstacle, type ObstacleContext } from './machine-obstacle.ts'
import type { MachineView } from './machine-view.ts'
import {
  aCondition,
  aMachine,
  anInstance,
  aPod,
  aView,
  noon,
  secondsAgo,
} from './testing/a-view.ts'

const calm: ObstacleContext = {
  now: noon,
  isNodeLost: () => false,
  gpuTypeOf: (name) => (name === 'nvidia.com/GA100' ? 'a100-80gb' : null),
}
const see = (view: Partial<MachineView>, facts: Partial<ObstacleContext> = {}) =>
  machineObstacle(aView(view), { ...calm, ...facts })
const pending = (...conditions: readonly Condition[]): Partial<MachineView> => ({
  machine: aMachine(),
  instance: anInstance({ phase: 'Pending', conditions }),
})
const notCreated = (message: string) =>
  pending(aCondition('Synchronized', 'False', 'FailedCreate', message))
const notScheduled = (message: string) =>
  pending(aCondition('PodScheduled', 'False', 'Unschedulable', message))
const failing = (message: string): Partial<MachineView> => ({
  machine: aMachine({
    status: { conditions: [aCondition('Failure', 'True', 'FailedCreate', message)] },
  }),
})

// Words of Kubernetes 1.36 and KubeVirt 1.8, as seen.
const insufficient =
  "0/10 nodes are available: 2 Insufficient nvidia.com/GA100, 3 node(s) had untolerated taint(s), 5 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/10 nodes are available: 10 Preemption is not helpful for scheduling."
const quota =
  'failed to create virtual machine pod: pods "virt-launcher-lse-1-x" is forbidden: exceeded quota: leasehold, requested: requests.cpu=4, used: requests.cpu=14, limited: requests.cpu=16'

describe('what is in the way of a machine', () => {
  it.each<[string, Partial<MachineView>, string, RegExp]>([
    [
      'too few GPUs',
      notScheduled(insufficient),
      'no-room',
      /None of 10 computers.*2 have too little a100-80gb left; 3 are set apart.*5 are not of the kind/,
    ],
    ['a scheduler of few words', notScheduled(''), 'no-room', /No computer/],
    [
      'a node that is emptied',
      notScheduled('0/1 nodes are available: 1 node(s) were unschedulable. preemption: …'),
      'no-room',
      /1 take no machines just now\./,
    ],
    [
      'anti-affinity',
      notScheduled("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules. x"),
      'no-room',
      /2 hold a machine/,
    ],
    [
      'disks that no node reaches',
      notScheduled('0/3 nodes are available: 3 node(s) had volume node affinity conflict.'),
      'storage-missing',
      /reach/,
    ],
    [
      'the pool’s quota',
      notCreated(quota),
      'over-pool-quota',
      /asked requests\.cpu=4, used requests\.cpu=14, limit requests\.cpu=16/,
    ],
    [
      'a GPU that is not permitted',
      notCreated(
        'failed to render launch manifest: GPU nvidia.com/GA100 is not permitted in permittedHostDevices configuration',
      ),
      'gpu-not-permitted',
      /a100-80gb/,
    ],
    [
      'a pod that is refused',
      notCreated('pods "virt-launcher-x" is forbidden: violates PodSecurity "restricted:latest"'),
      'pool-degraded',
      /The pool reports: pods is forbidden: violates PodSecurity$/,
    ],
    [
      'a claim that is missing',
      pending(
        aCondition(
          'Synchronized',
          'False',
          'FailedPvcNotFound',
          'PVC hold/lse-1-system does not exist',
        ),
      ),
      'storage-missing',
      /disk/,
    ],
    [
      'an image that cannot be pulled',
      pending(aCondition('Synchronized', 'False', 'ImagePullBackOff', 'Back-off')),
      'image-missing',
      /image/,
    ],
    [
      'a source that is missing',
      failing('Error encountered while creating DataVolumes: DataSource "debian-12" not found'),
      'image-missing',
      /image/,
    ],
    [
      'a clone that is not allowed',
      failing(
        'not authorized to create DataVolume: User system:serviceaccount:x:default has insufficient permissions in clone source namespace images',
      ),
      'image-missing',
      /copy/,
    ],
    [
      'a quota for disks',
      failing(
        'failed to create DataVolume: persistentvolumeclaims "x" is forbidden: exceeded quota: q, requested: requests.storage=9Gi, used: requests.storage=1Gi, limited: requests.storage=5Gi',
      ),
      'over-pool-quota',
      /requests\.storage=9Gi/,
    ],
    [
      'a disk that cannot be made',
      failing('failed to create DataVolume: boom'),
      'storage-missing',
      /made/,
    ],
    ['another failure', failing('boom'), 'pool-degraded', /boom/],
    [
      'a disk that fails',
      { machine: aMachine({ status: { printableStatus: 'DataVolumeError' } }) },
      'storage-missing',
      /prepared/,
    ],
    [
      'a machine that crashes again and again',
      {
        machine: aMachine({
          status: {
            printableStatus: 'CrashLoopBackOff',
            startFailure: { consecutiveFailCount: 3 },
          },
        }),
      },
      'pool-degraded',
      /3 times/,
    ],
    [
      'a pause',
      { machine: aMachine(), instance: anInstance({ conditions: [aCondition('Paused', 'True')] }) },
      'pool-degraded',
      /paused/,
    ],
    [
      'a virt-controller that is silent',
      { machine: aMachine({ ageSeconds: 31, status: {} }) },
      'pool-degraded',
      /taken up/,
    ],
    [
      'an instance that nobody takes up',
      { machine: aMachine(), instance: anInstance({ phase: '', ageSeconds: 31 }) },
      'pool-degraded',
      /taken up/,
    ],
  ])('is told of %s', (_what, view, code, detail) => {
    expect(see(view)).toMatchObject({ code, detail: expect.stringMatching(detail) })
    expect(machineObstacles).toContain(see(view)?.code)
  })

  it('is the node, when that does not answer, whatever else is said', () => {
    const isNodeLost = (name: string) => name === 'node-1'
    const view = { ...notCreated(quota), pods: [aPod()] }

    expect(see(view, { isNodeLost })).toMatchObject({ code: 'node-lost' })
    expect(see({ pods: [aPod()] }, { isNodeLost })).toMatchObject({ code: 'node-lost' })
  })

  it('is a removal that takes longer than a minute', () => {
    const leaving = (seconds: number) => {
      const machine = aMachine()
      return {
        machine: {
          ...machine,
          metadata: { ...machine.metadata, deletionTimestamp: secondsAgo(seconds) },
        },
      }
    }

    expect(see(leaving(59))).toBeNull()
    expect(see(leaving(130))).toMatchObject({
      code: 'pool-degraded',
      detail: expect.stringContaining('2 min'),
    })
  })

  it.each<[string, Partial<MachineView>]>([
    ['nothing is there', {}],
    ['it has just been ordered', { machine: aMachine({ status: {} }) }],
    ['it is on its way', { machine: aMachine(), instance: anInstance({ phase: 'Scheduled' }) }],
    ['all is well', { machine: aMachine(), instance: anInstance(), pods: [aPod()] }],
    [
      'conditions hold',
      pending(aCondition('Synchronized', 'True'), aCondition('PodScheduled', 'True')),
    ],
  ])('is nothing when %s', (_when, view) => {
    expect(see(view)).toBeNull()
  })

  it('never says more than a screen can hold', () => {
    const detail = see(notCreated('x '.repeat(5_000)))?.detail ?? ''

    expect(detail.length).toBeLessThan(300)
  })
})
