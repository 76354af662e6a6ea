import type { PoolName } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { offersOfPools } from './pool-offers.ts'

const limits = { vcpu: null, memoryMiB: null, diskGiB: null }
const local = { name: 'here', region: 'home', limits, guestImage: null, machineTypes: null }
const cluster = (name: string, ...machineTypes: string[]) => ({ name, machineTypes }) as never
const poolsOf = ({ machineTypes }: ReturnType<typeof offersOfPools>) =>
  Object.fromEntries(machineTypes.map(({ name, pools }) => [name, pools]))

describe('what pools offer', () => {
  it('is on one computer what is made for one computer', () => {
    expect(poolsOf(offersOfPools({ local, clusters: [] }))).toMatchObject({
      tiny: ['here'],
      small: ['here'],
      'ai-training': [],
    })
  })

  it('is what each lists, this computer first', () => {
    const clusters = [cluster('east', 'tiny', 'ai-training'), cluster('west', 'ai-training')]

    expect(poolsOf(offersOfPools({ local, clusters }))).toMatchObject({
      tiny: ['here', 'east'],
      small: ['here'],
      'ai-training': ['east', 'west'],
    })
    expect(
      poolsOf(offersOfPools({ local: { ...local, machineTypes: ['small'] }, clusters })),
    ).toMatchObject({
      tiny: ['east'],
      small: ['here'],
    })
    expect(poolsOf(offersOfPools({ local: null, clusters }))).toMatchObject({
      tiny: ['east'],
      small: [],
    })
  })

  it('is added to what an operator has put, and takes nothing away', () => {
    const { machineTypes, offeredEverywhere } = offersOfPools({
      local: null,
      clusters: [cluster('east', 'tiny')],
    })
    const [tiny] = machineTypes
    const changed = { ...tiny, pools: ['elsewhere' as PoolName] } as NonNullable<typeof tiny>

    expect(offeredEverywhere(changed).pools).toEqual(['elsewhere', 'east'])
    const complete = offeredEverywhere(changed)
    expect(offeredEverywhere(complete)).toBe(complete)
  })
})
