import type { TaskId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import {
  type Condition,
  type ContainerStatus,
  isJobOfRun,
  type Job,
  jobInBrief,
  type Pod,
  podInBrief,
} from './run-objects.ts'
import { sightRun } from './sight-run.ts'

const labels = { 'app.kubernetes.io/managed-by': 'leasehold', 'leasehold.dev/task': 'tsk_1' }
const metadata = {
  name: 'tsk-1-a1',
  namespace: 'hold-ten-1',
  uid: 'u1',
  resourceVersion: '7',
  labels,
  annotations: { 'leasehold.dev/attempt': '1' },
}
const aJob = (...conditions: Condition[]): Job => ({
  metadata,
  spec: { suspend: false },
  status: { conditions },
})
const aPod = (status: Pod['status']): Pod => ({
  metadata: { ...metadata, name: 'tsk-1-a1-x' },
  ...(status === undefined ? {} : { status }),
})
const is = (type: string, reason = '', message = '') => ({ type, status: 'True', reason, message })
const failed = is('Failed', 'BackoffLimitExceeded')
const terminated = (name: string, exitCode: number, reason = 'Error', message = '') =>
  ({ name, state: { terminated: { exitCode, reason, message } } }) as ContainerStatus
const waiting = (reason: string, message = '') =>
  ({ name: 'agent', state: { waiting: { reason, message } } }) as ContainerStatus
const pending = (...containerStatuses: ContainerStatus[]) =>
  aPod({ phase: 'Pending', containerStatuses })
const running = aPod({ phase: 'Running', containerStatuses: [{ name: 'agent', state: {} }] })

describe('a run whose Job goes on', () => {
  it.each([
    { when: 'it waits in a queue', pods: [] },
    { when: 'its pod runs', pods: [running] },
    { when: 'its pod is made', pods: [pending(waiting('ContainerCreating'))] },
    { when: 'its pod is over and its Job does not say so yet', pods: [aPod({ phase: 'Failed' })] },
  ])('is there when $when', ({ pods }) => {
    expect(sightRun(aJob(), pods)).toEqual({ kind: 'present' })
  })

  it('is there while a pod of a Job that has ended goes on', () => {
    expect(sightRun(aJob(failed), [running])).toEqual({ kind: 'present' })
  })

  it.each([
    {
      what: 'no node has room',
      pod: aPod({
        phase: 'Pending',
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
          },
        ],
      }),
      says: 'No node has room yet: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
    },
    {
      what: 'the registry does not answer',
      pod: pending(waiting('ImagePullBackOff', 'dial tcp: i/o timeout')),
      says: 'Its image has not come yet: dial tcp: i/o timeout.',
    },
    {
      what: 'its Secret is not there yet',
      pod: pending(waiting('CreateContainerConfigError', 'secret "x" not found')),
      says: 'Its containers cannot be made yet: secret "x" not found.',
    },
  ])('says what is in its way: $what', ({ pod, says }) => {
    expect(sightRun(aJob(), [pod])).toEqual({ kind: 'present', obstacle: says })
  })
})

describe('a run that can never come up', () => {
  it.each([
    { reason: 'InvalidImageName', message: 'could not parse reference' },
    { reason: 'ErrImageNeverPull', message: 'Container image is not present' },
    { reason: 'ErrImagePull', message: 'rpc error: manifest unknown' },
    { reason: 'ImagePullBackOff', message: 'pull access denied, repository does not exist' },
  ])('is refused: $reason, $message', ({ reason, message }) => {
    expect(sightRun(aJob(), [pending(waiting(reason, message))])).toEqual({
      kind: 'refused',
      detail: `The image cannot be had: ${message}.`,
    })
  })

  it('is refused when the image has no Python', () => {
    const message = 'exec: "python3": executable file not found in $PATH'
    const pod = aPod({
      phase: 'Failed',
      containerStatuses: [terminated('agent', 128, 'StartError', message)],
    })

    expect(sightRun(aJob(failed), [pod])).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining(message),
    })
  })
})

describe('a run whose Job has ended', () => {
  it('is over, without more to say, when its agent had its say', () => {
    const pod = aPod({ phase: 'Succeeded', conditions: [is('DisruptionTarget')] })

    expect(sightRun(aJob(is('Complete')), [pod])).toEqual({ kind: 'absent' })
  })

  it.each([
    {
      what: 'the script took too much memory and brought its pod down',
      pods: [
        aPod({ phase: 'Failed', containerStatuses: [terminated('script', 137, 'OOMKilled')] }),
      ],
      loss: { reason: 'out-of-memory' },
    },
    {
      what: 'its containers are over though the phase lags behind',
      pods: [
        aPod({
          phase: 'Running',
          containerStatuses: [terminated('agent', 1), terminated('script', 137, 'OOMKilled')],
        }),
      ],
      loss: { reason: 'out-of-memory' },
    },
    {
      what: 'its agent took too much memory, which is not the script’s fault',
      pods: [aPod({ phase: 'Failed', containerStatuses: [terminated('agent', 137, 'OOMKilled')] })],
      loss: { reason: 'machine-lost' },
    },
    {
      what: 'it wrote more than its disk holds',
      pods: [
        aPod({
          phase: 'Failed',
          reason: 'Evicted',
          message: 'Usage of EmptyDir volume "home" exceeds the limit "5Gi".',
          conditions: [is('DisruptionTarget', 'TerminationByKubelet')],
        }),
      ],
      loss: { reason: 'out-of-disk' },
    },
    {
      what: 'its node ran short of memory',
      pods: [
        aPod({
          phase: 'Failed',
          reason: 'Evicted',
          message: 'The node was low on resource: memory.',
        }),
      ],
      loss: {
        reason: 'interrupted',
        detail: 'The node of the run ran short: The node was low on resource: memory.',
      },
    },
    {
      what: 'its node was emptied',
      pods: [
        aPod({ phase: 'Failed', conditions: [is('DisruptionTarget', 'EvictionByEvictionAPI')] }),
      ],
      loss: { reason: 'interrupted', detail: 'Its node was emptied.' },
    },
    {
      what: 'it was taken away for a reason that is new to us',
      pods: [
        aPod({ phase: 'Failed', conditions: [is('DisruptionTarget', 'NewReason', 'So it is.')] }),
      ],
      loss: {
        reason: 'interrupted',
        detail: 'The pod of the run was taken away: So it is.',
      },
    },
    {
      what: 'its pod was removed by hand',
      pods: [],
      loss: { reason: 'machine-lost', detail: 'The pod of the run was removed from outside.' },
    },
    {
      what: 'its agent gave up',
      pods: [
        aPod({
          phase: 'Failed',
          containerStatuses: [terminated('agent', 1, 'Error', 'leasehold: PlatformGone\n')],
        }),
      ],
      loss: {
        reason: 'machine-lost',
        detail: 'The agent of the run ended with code 1: leasehold: PlatformGone.',
      },
    },
  ])('tells how: $what', ({ pods, loss }) => {
    expect(sightRun(aJob(failed), pods)).toMatchObject({ kind: 'absent', loss })
  })

  it('tells that it ran into the last wall', () => {
    expect(sightRun(aJob(is('Failed', 'DeadlineExceeded')), [])).toMatchObject({
      loss: { reason: 'machine-lost', detail: expect.stringContaining('time limit') },
    })
  })
})

describe('what is kept of an object', () => {
  it('reads the same as the whole of it', () => {
    const spec = { suspend: false, template: { spec: 'large' } }
    const whole = { ...aJob(failed), spec, managedFields: [1] } as unknown as Job
    const pod = aPod({ phase: 'Failed', reason: 'Evicted', message: 'so', conditions: [] })

    expect(sightRun(jobInBrief(whole), [podInBrief(pod)])).toEqual(sightRun(whole, [pod]))
    expect(JSON.stringify(jobInBrief(whole))).not.toContain('large')
    expect(isJobOfRun(jobInBrief(whole), 'tsk_1' as TaskId, 1)).toBe(true)
  })

  it('is of a run only when name and labels agree', () => {
    const borrowed = { ...aJob(), metadata: { ...metadata, name: 'tsk-2-a1' } }

    expect(isJobOfRun(borrowed, 'tsk_1' as TaskId, 1)).toBe(false)
  })
})
