import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rememberPorts } from './remembered-ports.ts'

const host = '127.0.0.1'
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ports-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('the ports of an installation', () => {
  it('are the ones that were asked for', async () => {
    expect(await rememberPorts(folder, { api: 18_080 }, host)).toEqual({ api: 18_080 })
  })

  it('stay the same over a restart where any would do', async () => {
    const first = await rememberPorts(folder, { api: 0, run: 0 }, host)

    expect(await rememberPorts(folder, { api: 0, run: 0 }, host)).toEqual(first)
    expect(first.api).not.toBe(first.run)
  })

  it('change when someone else has taken them meanwhile', async () => {
    const first = await rememberPorts(folder, { api: 0 }, host)
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(first.api, host, resolve))

    const second = await rememberPorts(folder, { api: 0 }, host)

    expect(second.api).not.toBe((other.address() as AddressInfo).port)
    await new Promise((resolve) => other.close(resolve))
  })

  it('are chosen anew when the memory is damaged', async () => {
    await writeFile(join(folder, 'ports.json'), '{"api": "x')

    expect((await rememberPorts(folder, { api: 0 }, host)).api).toBeGreaterThan(0)
  })
})
