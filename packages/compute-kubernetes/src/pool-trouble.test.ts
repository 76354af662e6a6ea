import { describe, expect, it } from 'vitest'
import { makeTroubleWatch } from './pool-trouble.ts'

describe('what is wrong with a pool', () => {
  it('is the first part that is not well, since it was seen so, until all are', () => {
    let at = 100
    const well = { server: true, machines: true }
    const trouble = makeTroubleWatch(
      [
        { isWell: () => well.server, otherwise: 'no server' },
        { isWell: () => well.machines, otherwise: 'no machines' },
      ],
      () => at,
    )
    expect(trouble()).toBeNull()

    well.server = false
    well.machines = false
    expect(trouble()).toEqual({ detail: 'no server', since: 100 })
    at = 200
    expect(trouble()).toEqual({ detail: 'no server', since: 100 })
    well.server = true
    expect(trouble()).toEqual({ detail: 'no machines', since: 100 })
    well.machines = true
    expect(trouble()).toBeNull()
    well.machines = false

    expect(trouble()).toEqual({ detail: 'no machines', since: 200 })
  })
})
