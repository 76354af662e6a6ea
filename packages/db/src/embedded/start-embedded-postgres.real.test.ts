import { execFile } from 'node:child_process'
import fs from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { findPostmaster, isAlive } from './postmaster.ts'
import { aLog, ask, embeddedServers, gone, startAndLeave } from './testing/embedded-servers.ts'

const run = promisify(execFile)

describe('the embedded database', () => {
  const servers = embeddedServers()
  const { aFolder, start, running } = servers
  afterEach(() => servers.clean())

  it('starts from nothing, keeps its data over a restart, and its address', async () => {
    const folder = await aFolder()
    const first = await start(folder)
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer')
    await first.stop()

    const second = await start(folder)

    expect(second.url).toBe(first.url)
    expect(await ask(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  })

  it('listens on this computer only, and lets nobody in without the password', async () => {
    const server = await start(await aFolder())
    const open = new URL(server.url)
    open.password = 'guessed'

    expect(await ask(server.url, 'SHOW listen_addresses')).toEqual([
      { listen_addresses: '127.0.0.1' },
    ])
    expect(await ask(server.url, 'SHOW unix_socket_directories')).toEqual([
      { unix_socket_directories: '' },
    ])
    await expect(ask(open.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  })

  it('keeps the password in a file of our own, and out of log and command line', async () => {
    const folder = await aFolder()
    const log = aLog()
    const { url } = await start(folder, log)
    const { password } = new URL(url)

    const stat = await fs.stat(path.join(folder, 'connection.json'))
    const { stdout } = await run('ps', ['-eo', 'args'])

    expect(password.length).toBeGreaterThanOrEqual(32)
    expect(stat.mode & 0o777).toBe(0o600)
    expect(log.lines.join('\n')).not.toContain(password)
    expect(stdout).not.toContain(password)
    expect(await fs.readFile(path.join(folder, 'server.log'), 'utf8')).not.toContain(password)
  })

  it('takes over a server that outlived its owner', async () => {
    const folder = await aFolder()
    const log = aLog()
    await startAndLeave(folder)

    const next = await start(folder, log)

    expect(log.lines.join('\n')).toContain('"adopted":true')
    expect(await ask(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await next.stop()
    await expect(ask(next.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('starts again by itself, where it was, after the server was killed', async () => {
    const folder = await aFolder()
    const log = aLog()
    const server = await start(folder, log)
    await ask(server.url, 'CREATE TABLE kept AS SELECT 1 AS answer')
    const postmaster = await findPostmaster(path.join(folder, 'data'))

    process.kill(postmaster?.pid ?? 0, 'SIGKILL')
    await gone(postmaster?.pid ?? 0)

    await expect
      .poll(() => ask(server.url, 'SELECT answer FROM kept').catch(() => null), { timeout: 20_000 })
      .toEqual([{ answer: 1 }])
    expect(log.lines.join('\n')).toContain('starting it again')
  })

  it('starts again after it was killed together with its owner', async () => {
    const folder = await aFolder()
    await startAndLeave(folder)
    const postmaster = await findPostmaster(path.join(folder, 'data'))
    process.kill(postmaster?.pid ?? 0, 'SIGKILL')
    await gone(postmaster?.pid ?? 0)

    const next = await start(folder)

    expect(await ask(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('is not misled by a pid file whose number belongs to another process now', async () => {
    const folder = await aFolder()
    const server = await start(folder)
    await server.stop()
    const file = path.join(folder, 'data/postmaster.pid')
    await fs.writeFile(file, `${process.pid}\n${folder}/data\n1\n5432\n\n127.0.0.1\n`)

    const next = await start(folder)

    expect(await ask(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('ends a server of its own that does not answer, and starts another', async () => {
    const folder = await aFolder()
    const log = aLog()
    await startAndLeave(folder)
    const stuck = await findPostmaster(path.join(folder, 'data'))
    process.kill(stuck?.pid ?? 0, 'SIGSTOP')

    const next = await start(folder, log)

    expect(await ask(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(isAlive(stuck?.pid ?? 0)).toBe(false)
    expect(log.lines.join('\n')).toContain('does not answer')
  })

  it('takes another port when somebody has its own', async () => {
    const folder = await aFolder()
    const first = await start(folder)
    const { port } = new URL(first.url)
    await first.stop()
    const squatter = net.createServer()
    await new Promise<void>((resolve) => squatter.listen(Number(port), '127.0.0.1', resolve))

    const second = await start(folder)
    squatter.close()

    expect(new URL(second.url).port).not.toBe(port)
    expect(await ask(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('makes the data folder anew when it was left half made', async () => {
    const folder = await aFolder()
    await fs.mkdir(path.join(folder, 'data.new/base'), { recursive: true })
    await fs.chmod(folder, 0o711)

    const server = await start(folder)

    expect(await ask(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it.each([
    ['of another version', 'data/PG_VERSION', '12\n', /made by PostgreSQL 12/],
    ['whose password is lost', 'connection.json', '{"port":1', /connection.json is damaged/],
  ])('says what to do about data %s', async (_, file, content, message) => {
    const folder = await aFolder()
    await (await start(folder)).stop()
    running.pop()
    await fs.writeFile(path.join(folder, file), content)

    await expect(start(folder)).rejects.toThrow(message)
  })

  it('says why it does not start, with the end of its log', async () => {
    const folder = await aFolder()
    await (await start(folder)).stop()
    running.pop()
    await fs.appendFile(path.join(folder, 'data/postgresql.conf'), '\nno_such_setting = 1\n')

    await expect(start(folder)).rejects.toThrow(/did not start[\s\S]*no_such_setting/)
  })
})
