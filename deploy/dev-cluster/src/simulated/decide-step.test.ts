import { describe, expect, it } from 'vitest'
import { behaviourOf, machineBehaviour } from './behaviour.ts'
import { decideStep } from './decide-step.ts'

const launcher = { phase: 'Running', isDeleting: false, kind: 'launcher' } as const
const slow = { ...machineBehaviour, bootsAfterMs: 9_000 }

describe('what happens next on a simulated node', () => {
  it('is that containers start, in a pod that was bound', () => {
    const step = decideStep({ ...launcher, phase: 'Pending' }, 'Scheduling', slow)

    expect(step).toEqual({ do: 'start-containers', afterMs: 50 })
  })

  it('is that the machine boots, once KubeVirt has seen its launcher run', () => {
    expect(decideStep(launcher, 'Scheduling', slow)).toEqual({ do: 'wait' })
    expect(decideStep(launcher, 'Scheduled', slow)).toEqual({ do: 'boot-machine', afterMs: 9_000 })
  })

  it('is that the launcher dies, when the machine is told not to boot', () => {
    const step = decideStep(launcher, 'Scheduled', { ...machineBehaviour, boot: 'crash' })

    expect(step).toEqual({ do: 'crash', afterMs: 50 })
  })

  it('is that a running machine ends as it is told', () => {
    const ending = { ...machineBehaviour, endsAfterMs: 7, ending: 'crash' } as const

    expect(decideStep(launcher, 'Running', ending)).toEqual({ do: 'crash', afterMs: 7 })
  })

  it('is that a deleted pod goes, whatever its machine does', () => {
    const step = decideStep({ ...launcher, isDeleting: true }, 'Running', slow)

    expect(step).toEqual({ do: 'remove', afterMs: 50 })
  })

  it('is nothing in a pod that has ended and that nobody deletes', () => {
    expect(decideStep({ ...launcher, phase: 'Failed' }, 'Failed', slow)).toEqual({ do: 'wait' })
  })
})

describe('a rule for behaviour', () => {
  const pod = { labels: { lease: 'a' }, namespace: 'tenant', node: 'n1' }

  it('holds for the pods it selects, and the later of two wins', () => {
    const behaviour = behaviourOf(pod, [
      { selector: { labels: { lease: 'a' } }, behaviour: { bootsAfterMs: 'never' } },
      { selector: { namespace: 'tenant' }, behaviour: { bootsAfterMs: 7 } },
      { selector: { labels: { lease: 'b' } }, behaviour: { startsAfterMs: 'never' } },
      { selector: { node: 'n2' }, behaviour: { deletesAfterMs: 'never' } },
    ])

    expect(behaviour).toEqual({ ...machineBehaviour, bootsAfterMs: 7 })
  })
})
