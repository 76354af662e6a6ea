import { describe, expect, it } from 'vitest'
import type { MachineView } from './machine-view.ts'
import { type SightingContext, sightingFromCluster } from './sighting-from-cluster.ts'
import { aClaim, aCondition, aMachine, anInstance, aPod, aView, noon } from './testing/a-view.ts'

const calm: SightingContext = {
  generation: 1,
  now: noon,
  isNodeLost: () => false,
  sshAnswers: () => true,
  aloneSince: noon - 60_000,
  gpuTypeOf: (name) => (name === 'nvidia.com/GA100' ? 'a100-80gb' : null),
}
const see = (view: Partial<MachineView>, facts: Partial<SightingContext> = {}) =>
  sightingFromCluster(aView(view), { ...calm, ...facts })
const machine = aMachine()
const instance = anInstance()
const pods = [aPod()]
const claims = [aClaim()]
const halted = aMachine({ runStrategy: 'Halted', ended: 1 })
const off = (facts: { ageSeconds?: number; isUsed?: boolean } = {}) =>
  aMachine({
    ...facts,
    status: {
      printableStatus: 'Stopped',
      ...(facts.isUsed === false ? {} : { runStrategy: 'RerunOnFailure' }),
    },
  })

const gone = { kind: 'absent', disk: 'none' }
const kept = { kind: 'absent', disk: 'kept' }
const booting = { kind: 'booting' }
const unknown = { kind: 'unknown' }
const running = {
  kind: 'running',
  address: { host: '10.1.0.7', sshPort: 22, jupyterPort: 8888 },
}

describe('what is seen of a machine', () => {
  it.each<[string, Partial<MachineView>, object]>([
    ['nothing is there', {}, gone],
    ['only its order is', { machine: aMachine({ status: {} }) }, booting],
    ['its disks are being made', { machine: off({ isUsed: false }), claims }, booting],
    ['its instance waits', { machine, instance: anInstance({ phase: 'Pending' }) }, booting],
    ['its pod is up', { machine, instance: anInstance({ phase: 'Scheduled' }), pods }, booting],
    ['it has no address', { machine, instance: anInstance({ address: null }), pods }, booting],
    [
      'KubeVirt names no address, and its pod has one',
      { machine, instance: anInstance({ address: null }), pods: [aPod({ address: '10.1.0.7' })] },
      running,
    ],
    [
      'KubeVirt names no address, and it is between two pods',
      {
        machine,
        instance: anInstance({ address: null }),
        pods: [aPod({ address: '10.1.0.7' }), aPod({ address: '10.1.0.8' })],
      },
      booting,
    ],
    ['it runs and answers', { machine, instance, pods, claims }, running],
    ['it failed', { machine, instance: anInstance({ phase: 'Failed' }), claims }, booting],
    ['KubeVirt lost it', { machine, instance: anInstance({ phase: 'Unknown' }), pods }, unknown],
    ['it shuts down', { machine, instance: anInstance({ isLeaving: true }), pods }, booting],
    ['it is being stopped', { machine: halted, instance, pods, claims }, booting],
    ['only its pod is left', { machine: halted, pods, claims }, booting],
    ['it was stopped', { machine: halted, claims }, kept],
    [
      'its pod has ended, too',
      { machine: halted, pods: [aPod({ phase: 'Succeeded' })], claims },
      kept,
    ],
    ['it was stopped before it had a disk', { machine: halted }, kept],
    ['it powered itself off', { machine: off(), claims }, kept],
    [
      'its instance has ended well',
      { machine: off(), instance: anInstance({ phase: 'Succeeded' }), claims },
      kept,
    ],
    ['it was started by hand', { machine: aMachine({ runStrategy: 'Always' }), claims }, booting],
    [
      'its mark was taken off',
      { machine: aMachine({ generation: null }), instance, pods },
      running,
    ],
    ['it was deleted and goes', { machine: aMachine({ isLeaving: true }), claims }, booting],
    ['it was deleted, its instance not', { instance, pods, claims }, booting],
    ['it was deleted, its pod not', { pods, claims }, booting],
    ['it was deleted, its disks not', { claims }, kept],
    ['its disks are going', { claims: [aClaim({ isLeaving: true })] }, unknown],
    [
      'the instance is of another machine of its name',
      { machine, instance: anInstance({ ownerUid: 'uid-of-another' }), pods },
      booting,
    ],
  ])('when %s', (_when, view, sighting) => {
    expect(see(view)).toEqual(sighting)
  })

  it('is not of use while it is paused or its node does not answer, and is told so', () => {
    const paused = anInstance({ conditions: [aCondition('Paused', 'True')] })

    expect(see({ machine, instance: paused, pods })).toMatchObject({
      kind: 'booting',
      obstacle: { code: 'pool-degraded' },
    })
    expect(see({ machine, instance, pods }, { isNodeLost: () => true })).toMatchObject({
      kind: 'booting',
      obstacle: { code: 'node-lost' },
    })
  })

  it('is of use whatever else KubeVirt complains about while it runs', () => {
    const complaint = aCondition('Synchronized', 'False', 'FailedCreate', 'boom')

    expect(see({ machine, instance: anInstance({ conditions: [complaint] }), pods })).toEqual(
      running,
    )
  })

  it('is booting until SSH answers in this very instance', () => {
    const asked: string[] = []
    const sshAnswers = (uid: string) => asked.push(uid) > 1

    expect(see({ machine, instance, pods }, { sshAnswers })).toEqual(booting)
    expect(see({ machine, instance, pods }, { sshAnswers })).toEqual(running)
    expect(asked).toEqual(['uid-of-instance', 'uid-of-instance'])
  })

  it('is on its way up as soon as a start is asked for, whatever its status still says', () => {
    const asked = { ...off().status, stateChangeRequests: [{ action: 'Start' }] }
    const notTakenUp = { runStrategy: 'Halted', printableStatus: 'Stopped' }

    expect(see({ machine: aMachine({ status: asked }), claims })).toEqual(booting)
    expect(see({ machine: aMachine({ status: notTakenUp }), claims })).toEqual(booting)
  })

  it('has disks that may be about to go for some seconds after it was deleted', () => {
    expect(see({ claims }, { aloneSince: noon - 14_000 })).toEqual(unknown)
    expect(see({ claims }, { aloneSince: null })).toEqual(unknown)
    expect(see({ claims }, { aloneSince: noon - 15_000 })).toEqual(kept)
  })

  it('has lost its disk only when one was there, and long enough ago to be sure', () => {
    const others = [aClaim({ disk: 'data-1' })]

    expect(see({ machine: off({ ageSeconds: 121 }), claims: others })).toEqual(gone)
    expect(see({ machine: off({ ageSeconds: 119 }), claims: others })).toEqual(kept)
    expect(see({ machine: off({ ageSeconds: 121 }), claims })).toEqual(kept)
    expect(see({ machine: { ...halted, status: {} }, claims: [] })).toEqual(kept)
  })
})

describe('what is seen for another generation than the machine has', () => {
  it.each<[string, number, Partial<MachineView>, object]>([
    ['a younger one is asked for, the older runs', 2, { machine, instance, pods, claims }, booting],
    ['a younger one is asked for, the older is off', 2, { machine: halted, claims }, kept],
    ['a younger one runs', 1, { machine: aMachine({ generation: 2 }), instance, pods }, kept],
  ])('when %s', (_when, generation, view, sighting) => {
    expect(see(view, { generation })).toEqual(sighting)
  })
})
