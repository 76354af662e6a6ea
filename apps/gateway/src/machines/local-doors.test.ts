import { createConnection, createServer, type Server } from 'node:net'
import type { ConnectToMachine, Pool } from '@leasehold/application'
import type { LeaseId, PoolName, TenantId } from '@leasehold/domain'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeLocalDoors } from './local-doors.ts'

const lease = {
  id: 'lse_1' as LeaseId,
  tenantId: 'ten_acme' as TenantId,
  pool: 'cluster' as PoolName,
  address: { host: '10.244.0.7', sshPort: 22, jupyterPort: 8_888 },
}

function opened(connect: ConnectToMachine | undefined, idleMs = 60_000) {
  const warnings: string[] = []
  const log = {
    info: () => {},
    error: () => {},
    warn: (_: object, text: string) => void warnings.push(text),
  }
  const pool = { name: lease.pool, ...(connect && { connect }) } as Pool
  const pools = { find: (name: PoolName) => (name === pool.name ? pool : null) }
  const doors = makeLocalDoors({ pools, connectMs: 1_000, log, idleMs })
  onTestFinished(() => doors.close())
  return { doors, warnings }
}

/** A machine's server that says which port it was asked for, then repeats what it hears. */
async function anEcho(): Promise<{ connect: ConnectToMachine; asked: string[]; server: Server }> {
  const asked: string[] = []
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const connect: ConnectToMachine = async ({ leaseId, tenantId }, wanted) => {
    asked.push(`${tenantId} ${leaseId} ${wanted}`)
    return createConnection({ host: '127.0.0.1', port })
  }
  return { connect, asked, server }
}

function say(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    let heard = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      heard += chunk
      if (heard.length >= text.length) socket.destroy()
    })
    socket.on('close', () => resolve(heard))
    socket.write(text)
  })
}

describe('a door to a machine', () => {
  it('is the machine’s own address where its pool has a way to it', async () => {
    const { doors } = opened(undefined)

    expect(await doors.addressOf(lease)).toEqual(lease.address)
    expect(await doors.addressOf({ ...lease, pool: 'other' as PoolName })).toEqual(lease.address)
  })

  it('is a port of the loopback that goes on through the pool, one for each port of the machine', async () => {
    const { connect, asked } = await anEcho()
    const { doors } = opened(connect)

    const address = await doors.addressOf(lease)
    expect(address.host).toBe('127.0.0.1')
    expect(asked).toEqual([])
    expect(await say(address.sshPort, 'hello')).toBe('hello')
    expect(await say(address.jupyterPort ?? 0, 'jupyter')).toBe('jupyter')

    expect(asked).toEqual(['ten_acme lse_1 22', 'ten_acme lse_1 8888'])
    expect(await doors.addressOf(lease)).toEqual(address)
  })

  it('has none for Jupyter where the machine has none', async () => {
    const { connect } = await anEcho()
    const { doors } = opened(connect)
    const address = { ...lease.address, jupyterPort: null }

    expect((await doors.addressOf({ ...lease, address })).jupyterPort).toBeNull()
  })

  it('is shut in the face of who comes while the machine is not reached', async () => {
    const { doors, warnings } = opened(async () => {
      throw new Error('no such machine')
    })

    const { sshPort } = await doors.addressOf(lease)

    expect(await say(sshPort, 'hello')).toBe('')
    expect(warnings).toEqual(['machine not reached'])
  })

  it('is shut when nobody uses it, and opened again', async () => {
    const { connect } = await anEcho()
    const { doors } = opened(connect, 30)

    const { sshPort } = await doors.addressOf(lease)
    await expect.poll(() => say(sshPort, 'x'), { interval: 60, timeout: 5_000 }).toBe('')

    const again = await doors.addressOf(lease)
    expect(await say(again.sshPort, 'hello')).toBe('hello')
  })

  it('ends with the machine’s side', async () => {
    const { connect, server } = await anEcho()
    const { doors } = opened(connect)
    const { sshPort } = await doors.addressOf(lease)
    const socket = createConnection({ host: '127.0.0.1', port: sshPort })
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {}).write('x')
    await new Promise((resolve) => socket.once('data', resolve))

    server.close()
    await doors.close()

    await ended
  })
})
