import fs from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { afterEach, describe, expect, it } from 'vitest'
import { aLog, ask, embeddedServers } from './testing/embedded-servers.ts'

const isRoot = process.getuid?.() === 0
const skipped = isRoot ? '' : ' (skipped: only root runs the server as somebody else)'

describe.skipIf(!isRoot)(`the way to the data of the embedded database${skipped}`, () => {
  const servers = embeddedServers()
  const { aFolder, start, folders } = servers
  afterEach(() => servers.clean())

  it('lets only its own user pass through a closed state folder', async () => {
    const folder = await aFolder()
    await fs.chmod(path.dirname(folder), 0o700)
    const log = aLog()

    await start(folder, log)

    const { mode } = await fs.stat(path.dirname(folder))
    expect(mode & 0o777).toBe(0o710)
    expect(log.lines.join('\n')).not.toContain('outside the state folder')
  })

  it('passes through a closed temporary folder of ours', async () => {
    const folder = path.join(await aFolder(), 'state/postgres')
    const outer = path.resolve(folder, '../../..')
    await fs.mkdir(path.dirname(folder), { recursive: true })
    await fs.chmod(outer, 0o700)
    const log = aLog()

    await start(folder, log)

    expect((await fs.stat(outer)).mode & 0o777).toBe(0o710)
    expect(log.lines.join('\n')).not.toContain('outside the state folder')
  })

  it('puts the data elsewhere when a home bars the way', async () => {
    const home = await fs.mkdtemp('/var/tmp/leasehold-home-')
    folders.push(home)
    const folder = path.join(home, 'leasehold/state/postgres')
    await fs.mkdir(path.dirname(folder), { recursive: true })
    await fs.chmod(home, 0o700)
    const log = aLog()
    const server = await start(folder, log)
    await ask(server.url, 'CREATE TABLE kept AS SELECT 1 AS answer')
    await server.stop()
    folders.push((await fs.readFile(path.join(folder, 'data-is-elsewhere'), 'utf8')).trim())

    const next = await start(folder)

    expect(log.lines.join('\n')).toContain('may not enter a folder above')
    expect((await fs.stat(home)).mode & 0o777).toBe(0o700)
    expect(await ask(next.url, 'SELECT answer FROM kept')).toEqual([{ answer: 1 }])
  })
})
