import { createServer, type Server, type Socket } from 'node:net'
import type { ConnectToMachine, Log, Pools } from '@leasehold/application'
import type { MachineAddress, Ready } from '@leasehold/domain'

export type ReachableLease = Pick<Ready, 'id' | 'tenantId' | 'pool' | 'address'>

/** Makes every machine reachable by an address, also where its pool connects by other means. */
export type LocalDoors = {
  /** Where the lease's machine answers for this process. Throws when no door can be opened here. */
  addressOf(lease: ReachableLease): Promise<MachineAddress>
  close(): Promise<void>
}

type Door = {
  readonly port: Promise<number>
  readonly server: Server
  readonly sockets: Set<Socket>
  usedAt: number
}

type Options = {
  readonly pools: Pick<Pools, 'find'>
  readonly connectMs: number
  readonly log: Log
  /** A door that nobody asked for or went through for so long is shut. */
  readonly idleMs?: number
}

const loopback = '127.0.0.1'

/**
 * A port of this computer's loopback stands for a port of a machine, opened when somebody needs it: what comes in
 * there goes on through the machine's pool. Nothing is open, and nothing is asked, for machines nobody uses.
 */
export function makeLocalDoors({ pools, connectMs, log, idleMs = 600_000 }: Options): LocalDoors {
  const doors = new Map<string, Door>()
  const closing = new AbortController()
  const sweep = setInterval(() => shutIdle(doors, idleMs), Math.min(idleMs, 60_000))
  sweep.unref()
  const portFor = (lease: ReachableLease, port: number, connect: ConnectToMachine) => {
    const key = `${lease.pool} ${lease.id} ${port}`
    const door = doors.get(key) ?? openDoor(lease, port, connect)
    doors.set(key, door)
    door.usedAt = performance.now()
    door.port.catch(() => doors.delete(key))
    return door.port
  }
  const openDoor = (lease: ReachableLease, port: number, connect: ConnectToMachine): Door => {
    const sockets = new Set<Socket>()
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => sockets.delete(socket))
      const limit = AbortSignal.any([closing.signal, AbortSignal.timeout(connectMs)])
      const through = () => connect({ leaseId: lease.id, tenantId: lease.tenantId }, port, limit)
      void pass(socket, through, (err) =>
        log.warn({ app: 'gateway', leaseId: lease.id, port, err }, 'machine not reached'),
      )
    })
    return { port: listen(server), server, sockets, usedAt: performance.now() }
  }
  return {
    async addressOf(lease) {
      const { address } = lease
      const connect = pools.find(lease.pool)?.connect
      if (connect === undefined) return address
      const sshPort = await portFor(lease, address.sshPort, connect)
      const jupyterPort =
        address.jupyterPort === null ? null : await portFor(lease, address.jupyterPort, connect)
      return { host: loopback, sshPort, jupyterPort }
    },
    async close() {
      clearInterval(sweep)
      closing.abort()
      for (const door of doors.values()) shut(door)
      doors.clear()
    },
  }
}

/** Joins a socket to the machine, and ends each with the other. */
async function pass(
  socket: Socket,
  connect: () => ReturnType<ConnectToMachine>,
  onFailure: (error: unknown) => void,
): Promise<void> {
  try {
    const machine = await connect()
    machine.on('error', () => socket.destroy())
    machine.on('close', () => socket.destroy())
    socket.once('close', () => machine.destroy())
    if (socket.destroyed) machine.destroy()
    else socket.pipe(machine).pipe(socket)
  } catch (error) {
    onFailure(error)
    socket.destroy()
  }
}

function shutIdle(doors: Map<string, Door>, idleMs: number): void {
  for (const [key, door] of doors) {
    if (door.sockets.size > 0) door.usedAt = performance.now()
    if (performance.now() - door.usedAt < idleMs) continue
    doors.delete(key)
    shut(door)
  }
}

function shut({ server, sockets }: Door): void {
  server.close()
  for (const socket of sockets) socket.destroy()
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, loopback, () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) resolve(address.port)
    })
  })
}
