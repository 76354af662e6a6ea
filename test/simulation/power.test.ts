import { describe, expect, it } from 'vitest'
import { plantedBugs } from './planted-bugs.ts'
import { simulate } from './simulate.ts'

const minuteMs = 60_000
const mostSeeds = 300

// A simulation that finds nothing is worth as much as the bugs it would have found.
describe('a bug that is planted is caught', { timeout: 5 * minuteMs }, () => {
  it.each(Object.entries(plantedBugs))('%s', async (_name, plant) => {
    let broken: string | null = null
    for (let seed = 0; seed < mostSeeds && broken === null; seed++)
      broken = (await simulate(seed, plant)).broken

    expect(broken).not.toBeNull()
  })
})
