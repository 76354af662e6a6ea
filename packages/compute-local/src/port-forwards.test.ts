import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { takePorts } from './port-forwards.ts'

describe('the ports of a machine', () => {
  it('are the remembered ones while they are free', async () => {
    const before = await takePorts(null, true)

    expect(await takePorts(before, true)).toEqual(before)
  })

  it('are others where someone took the remembered one meanwhile', async () => {
    const before = await takePorts(null, true)
    const thief = createServer()
    await new Promise<void>((done) => thief.listen(before.ssh, '127.0.0.1', done))

    const after = await takePorts(before, true)

    expect(after.ssh).not.toBe(before.ssh)
    expect(after.jupyter).toBe(before.jupyter)
    thief.close()
  })

  it('are two different ones, and only one where the image has no Jupyter', async () => {
    const both = await takePorts(null, true)

    expect(both.ssh).not.toBe(both.jupyter)
    expect(await takePorts({ ssh: 1, jupyter: 2 }, false)).toMatchObject({ jupyter: null })
  })
})
