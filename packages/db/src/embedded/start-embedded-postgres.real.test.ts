import { execFile } from 'node:child_process'
import fs from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { findPostmaster, isAlive } from './postmaster.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './start-embedded-postgres.ts'

const run = promisify(execFile)
const root = process.getuid?.() === 0

/** Lines of the log, for tests to read. */
function aLog() {
  const lines: string[] = []
  const add = (fields: object, message: string) => {
    lines.push(`${message} ${JSON.stringify(fields)}`)
  }
  return { lines, info: add, warn: add, error: add }
}

describe('the embedded database', () => {
  const folders: string[] = []
  const running: EmbeddedPostgres[] = []
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop()
    for (const folder of folders.splice(0)) await fs.rm(folder, { recursive: true, force: true })
  })
  const aFolder = async () => {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'leasehold-embedded-'))
    await fs.chmod(folder, 0o711)
    folders.push(folder)
    return path.join(folder, 'postgres')
  }
  const start = async (folder: string, log = aLog()) => {
    const server = await startEmbeddedPostgres({ folder, log, settings: { fsync: 'off' } })
    running.push(server)
    return server
  }

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
    const outlived = await start(folder)
    running.pop()

    const next = await start(folder, log)

    expect(next.url).toBe(outlived.url)
    expect(log.lines.join('\n')).toContain('"adopted":true')
    await next.stop()
    await expect(ask(next.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('starts again after the server itself was killed', async () => {
    const folder = await aFolder()
    const server = await start(folder)
    await ask(server.url, 'CREATE TABLE kept AS SELECT 1 AS answer')
    const postmaster = await findPostmaster(path.join(folder, 'data'))
    process.kill(postmaster?.pid ?? 0, 'SIGKILL')
    await gone(postmaster?.pid ?? 0)

    const next = await start(folder)

    expect(await ask(next.url, 'SELECT answer FROM kept')).toEqual([{ answer: 1 }])
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
    await start(folder)
    running.pop()
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

  it.skipIf(!root)(
    'lets only its own user pass through a closed state folder (root only)',
    async () => {
      const folder = await aFolder()
      await fs.chmod(path.dirname(folder), 0o700)
      const log = aLog()

      await start(folder, log)

      const { mode } = await fs.stat(path.dirname(folder))
      expect(mode & 0o777).toBe(0o710)
      expect(log.lines.join('\n')).not.toContain('outside the state folder')
    },
  )

  it.skipIf(!root)('puts the data elsewhere when a home bars the way (root only)', async () => {
    const home = path.dirname(await aFolder())
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

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000
  while (isAlive(pid) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20))
}
