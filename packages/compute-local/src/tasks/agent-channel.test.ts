import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AgentRefused, AgentSilent, startAgent, waitForAgent } from './agent-channel.ts'

const { signal } = new AbortController()
const line = {
  ...{ url: 'http://10.0.2.2:8083', credential: 'c', hostName: 'task', entropy: 'e', now: 1 },
  ...{ closedNetworks: [], resolver: null },
}
let folder: string
let path: string
const servers: Server[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leasehold-channel-'))
  path = join(folder, 'agent')
})
afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await rm(folder, { recursive: true, force: true })
})

/** A guest's end of the port that answers each line with `answer(line)`. */
async function serve(answer: (line: string) => string | null): Promise<string[]> {
  const heard: string[] = []
  const server = createServer((socket: Socket) => {
    socket.on('error', () => {})
    socket.on('data', (piece: Buffer) => {
      for (const text of piece.toString().split('\n').slice(0, -1)) {
        heard.push(text)
        const said = answer(text)
        if (said === 'hang up') socket.destroy()
        else if (said !== null) socket.write(`${said}\n`)
      }
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return heard
}

const waiting = '{"agent":"waiting"}'

describe('the channel to the agent', () => {
  it('waits for a socket that is made later', async () => {
    const there = waitForAgent(path, { signal, timeoutMs: 5_000 })
    await serve((text) => (text === '' ? waiting : null))

    await expect(there).resolves.toBeUndefined()
  })

  it('gives the start line once and is done when the agent has started', async () => {
    const heard = await serve((text) =>
      text === '' ? `${waiting}\n${waiting}` : '{"agent":"started"}',
    )

    await startAgent(path, () => line, { signal, timeoutMs: 5_000 })

    expect(heard).toEqual(['', JSON.stringify(line)])
  })

  it('makes the start line at the last moment, so that its time is right', async () => {
    let made = 0
    await serve((text) => (text === '' ? null : 'never'))
    const limits = { signal, timeoutMs: 150 }

    await expect(startAgent(path, () => ({ ...line, now: ++made }), limits)).rejects.toThrow(
      AgentSilent,
    )

    expect(made).toBe(0)
  })

  it('tells why the agent refused', async () => {
    await serve((text) => (text === '' ? waiting : '{"agent":"refused","detail":"no entropy"}'))

    const started = startAgent(path, () => line, { signal, timeoutMs: 5_000 })

    await expect(started).rejects.toThrow(new AgentRefused('no entropy'))
  })

  it('does not take an early "started" for an answer', async () => {
    await serve(() => '{"agent":"started"}')

    const started = startAgent(path, () => line, { signal, timeoutMs: 150 })

    await expect(started).rejects.toThrow(AgentSilent)
  })

  it('notices at once when the machine ends', async () => {
    await serve(() => 'hang up')

    await expect(waitForAgent(path, { signal, timeoutMs: 60_000 })).rejects.toThrow(AgentSilent)
  })

  it('survives nonsense on the port', async () => {
    await serve((text) => (text === '' ? `null\n[]\n{"agent":7}\n\u0001\n${waiting}` : null))

    await expect(waitForAgent(path, { signal, timeoutMs: 5_000 })).resolves.toBeUndefined()
  })

  it('ends with the signal', async () => {
    await serve(() => null)
    const controller = new AbortController()
    const there = waitForAgent(path, { signal: controller.signal, timeoutMs: 60_000 })
    controller.abort(new Error('called off'))

    await expect(there).rejects.toThrow('called off')
  })
})
