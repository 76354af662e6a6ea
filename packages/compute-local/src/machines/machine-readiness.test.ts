import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { httpAnswers, makeReadiness, sshAnswers } from './machine-readiness.ts'

const { signal } = new AbortController()
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that says `text` to whoever connects; counts them. */
async function speaker(text: string | null) {
  const asked = { count: 0, text }
  const server = createServer((socket) => {
    asked.count++
    socket.on('error', () => {})
    if (asked.text === null) return
    socket.end(asked.text)
  })
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { port, asked, target: { host: '127.0.0.1', port } }
}

const banner = 'SSH-2.0-OpenSSH_9.2\r\n'

describe('a probe', () => {
  it('takes a banner for an SSH server and nothing else', async () => {
    expect(await sshAnswers((await speaker(banner)).target, 1_000, signal)).toBe(true)
    expect(await sshAnswers((await speaker('HTTP/1.1 200 OK\r\n')).target, 1_000, signal)).toBe(
      false,
    )
    expect(await sshAnswers((await speaker('')).target, 1_000, signal)).toBe(false)
  })

  // A forwarded port accepts connections long before the guest does.
  it('does not take an accepted connection for an answer', async () => {
    expect(await sshAnswers((await speaker(null)).target, 30, signal)).toBe(false)
  })

  it('takes any HTTP answer, whatever its status', async () => {
    const { target } = await speaker('HTTP/1.1 403 Forbidden\r\n\r\n')

    expect(await httpAnswers(target, 1_000, signal)).toBe(true)
  })
})

describe('the readiness of a machine', () => {
  const process = { pid: 7, startTicks: '1' }
  const open = async () => {
    const [ssh, jupyter] = [await speaker(banner), await speaker('HTTP/1.1 200 OK\r\n')]
    const clock = { now: 0 }
    const readiness = makeReadiness(() => clock.now)
    const ports = { ssh: ssh.port, jupyter: jupyter.port }
    return { ssh, jupyter, clock, ports, ask: () => readiness(process, ports, signal) }
  }

  it('needs SSH and Jupyter', async () => {
    const { ask, jupyter, clock } = await open()
    jupyter.asked.text = ''
    expect(await ask()).toBe(false)

    clock.now += 1_000
    jupyter.asked.text = 'HTTP/1.1 200 OK\r\n'

    expect(await ask()).toBe(true)
  })

  it('is asked for once for all who want to know at the same time', async () => {
    const { ask, ssh } = await open()

    expect(await Promise.all([ask(), ask(), ask()])).toEqual([true, true, true])
    expect(ssh.asked.count).toBe(1)
  })

  it('does not bother SSH again while only Jupyter is missing', async () => {
    const { ask, ssh, jupyter, clock } = await open()
    jupyter.asked.text = ''
    for (; clock.now < 20_000; clock.now += 1_000) expect(await ask()).toBe(false)

    expect(ssh.asked.count).toBe(1)
    expect(jupyter.asked.count).toBe(20)
  })

  it('is looked at again after half a minute', async () => {
    const { ask, ssh, clock } = await open()
    expect(await ask()).toBe(true)

    clock.now += 30_001
    ssh.asked.text = ''

    expect(await ask()).toBe(false)
  })

  it('is not that of another process with the same id', async () => {
    const { ssh, ports } = await open()
    const readiness = makeReadiness(() => 0)
    expect(await readiness(process, ports, signal)).toBe(true)
    ssh.asked.text = ''

    expect(await readiness({ pid: 7, startTicks: '2' }, ports, signal)).toBe(false)
  })
})
