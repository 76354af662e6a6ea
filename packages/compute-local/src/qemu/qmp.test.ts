import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openQmp, QmpError, QmpUnavailable } from './qmp.ts'

let folder: string
let server: Server

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qmp-'))
})
afterEach(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

/** A monitor that greets with `greeting` and answers each line by `answer`. */
async function monitor(
  greeting: string,
  answer: (command: { execute: string; id: number }, socket: Socket) => void,
): Promise<string> {
  const path = join(folder, 'qmp')
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write(greeting)
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().trim().split('\n')) answer(JSON.parse(line), socket)
    })
  })
  await new Promise<void>((done) => server.listen(path, done))
  return path
}

const greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n'
const say = (socket: Socket, message: object) => socket.write(`${JSON.stringify(message)}\r\n`)
const agree = ({ id }: { id: number }, socket: Socket) => say(socket, { return: {}, id })

describe('a QMP conversation', () => {
  it('gives what a command returned, whatever events come between', async () => {
    const path = await monitor(greeting, ({ execute, id }, socket) => {
      say(socket, { event: 'RESUME', timestamp: {} })
      say(socket, { return: { was: execute }, id })
    })
    const qmp = await openQmp(path)

    expect(await qmp.execute('query-status')).toEqual({ was: 'query-status' })
    qmp.close()
  })

  it('throws what QEMU says when it refuses', async () => {
    const path = await monitor(greeting, (command, socket) => {
      if (command.execute === 'qmp_capabilities') return agree(command, socket)
      say(socket, { error: { class: 'GenericError', desc: 'no such device' }, id: command.id })
    })
    const qmp = await openQmp(path)

    const refusal = qmp.execute('device_del')

    await expect(refusal).rejects.toBeInstanceOf(QmpError)
    await expect(refusal).rejects.toThrow('no such device')
    qmp.close()
  })

  it('gives up on a monitor that is busy with another client and does not greet', async () => {
    const path = await monitor('', agree)

    await expect(openQmp(path, { timeoutMs: 30 })).rejects.toThrow(/no greeting within 30 ms/)
  })

  it('gives up on a command that is not answered in time', async () => {
    const path = await monitor(greeting, (command, socket) => {
      if (command.execute === 'qmp_capabilities') agree(command, socket)
    })
    const qmp = await openQmp(path)

    await expect(qmp.execute('stop', {}, 30)).rejects.toBeInstanceOf(QmpUnavailable)
    qmp.close()
  })

  it('fails at once when QEMU ends in the middle of a command', async () => {
    const path = await monitor(greeting, (command, socket) => {
      if (command.execute === 'qmp_capabilities') agree(command, socket)
      else socket.destroy()
    })
    const qmp = await openQmp(path)

    await expect(qmp.execute('quit', {}, 60_000)).rejects.toBeInstanceOf(QmpUnavailable)
    await qmp.ended
  })

  it.each([
    { what: 'something that is not JSON', text: 'SSH-2.0-OpenSSH\r\n' },
    { what: 'a line without end', text: 'x'.repeat(1_100_000) },
  ])('leaves a socket that sends $what', async ({ text }) => {
    const path = await monitor(text, agree)

    await expect(openQmp(path)).rejects.toBeInstanceOf(QmpUnavailable)
  })

  it('ends with the signal', async () => {
    const path = await monitor('', agree)
    const abort = new AbortController()
    const opening = openQmp(path, { signal: abort.signal, timeoutMs: 60_000 })

    abort.abort()

    await expect(opening).rejects.toBeInstanceOf(QmpUnavailable)
  })

  it('says so when nothing listens', async () => {
    const path = await monitor('', agree)

    await expect(openQmp(`${path}-missing`)).rejects.toBeInstanceOf(QmpUnavailable)
  })
})
