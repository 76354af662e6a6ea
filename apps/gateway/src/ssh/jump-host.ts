import { createServer, type Server, type Socket } from 'node:net'
import type { HostKey, Log } from '@leasehold/application'
import type { Ready } from '@leasehold/domain'
import ssh2, { type AuthContext, type Connection } from 'ssh2'
import type { OpenConnections } from '../connections/open-connections.ts'
import type { GatewayLimits } from '../gateway-limits.ts'
import { forward, isOwnMachine } from './forward.ts'
import { decideLogin } from './login.ts'
import type { FindReadyLease } from './ready-leases.ts'

export type JumpHostDeps = {
  readonly hostKey: HostKey
  readonly findReadyLease: FindReadyLease
  readonly connections: OpenConnections
  readonly limits: GatewayLimits
  readonly log: Log
}

/** What a security scan of today accepts: no SHA-1, no CBC, no group below 3072 bits, encrypt-then-MAC. */
const algorithms = {
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org', 'ecdh-sha2-nistp384'],
  serverHostKey: ['ssh-ed25519'],
  cipher: ['chacha20-poly1305@openssh.com', 'aes256-gcm@openssh.com', 'aes128-gcm@openssh.com'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'],
  compress: ['none'],
}

/**
 * An SSH server that is nothing but a way to one machine: `ssh -J <leaseId>@gateway leasehold@machine`.
 * It has no shell, no commands, no agent, no X11 and no remote forwarding, and it cuts what is open
 * when the lease is no longer ready. Returns a server that does not listen yet.
 */
export function makeJumpHost(deps: JumpHostDeps): Server {
  const { limits } = deps
  const newcomers = new Map<string, Socket>()
  const ssh = new ssh2.Server(
    {
      hostKeys: [deps.hostKey.privateOpenSsh],
      ident: 'Leasehold',
      algorithms: algorithms as never,
      keepaliveInterval: 30_000,
      keepaliveCountMax: 3,
    },
    (client, info) => {
      const socket = newcomers.get(`${info.ip} ${info.port}`)
      if (socket === undefined) return void client.end()
      serveClient(client, socket, info.ip, deps)
    },
  )
  // Small packets must not wait for each other: people type through this.
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    if (newcomers.size >= limits.sshLoginsAtOnce) return void socket.destroy()
    const name = `${socket.remoteAddress} ${socket.remotePort}`
    newcomers.set(name, socket)
    const deadline = setTimeout(() => socket.destroy(), limits.sshLoginMs)
    const settle = () => {
      clearTimeout(deadline)
      newcomers.delete(name)
    }
    socket.once('close', settle).once('leasehold:admitted', settle)
    ssh.injectSocket(socket)
  })
  server.maxConnections = limits.sshConnections
  return server
}

function serveClient(client: Connection, socket: Socket, ip: string, deps: JumpHostDeps): void {
  const startedAt = performance.now()
  let lease: Ready | null = null
  let attempts = 0
  client.on('error', () => socket.destroy())
  client.on('authentication', (attempt) => {
    attempts += 1
    if (attempts > deps.limits.sshAttempts) return void socket.destroy()
    void answer(attempt, deps, (found) => {
      lease = found
    })
  })
  client.once('ready', () => {
    if (lease === null || !admit(client, socket, lease, deps)) socket.destroy()
  })
  socket.once('close', () => {
    const tookMs = Math.round(performance.now() - startedAt)
    const { bytesRead, bytesWritten } = socket
    const facts = { app: 'gateway', leaseId: lease?.id ?? null, address: ip, attempts, tookMs }
    deps.log.info({ ...facts, bytesRead, bytesWritten }, 'ssh connection ended')
  })
}

/** `onAccepted` runs first: accepting may log the client in at once. */
async function answer(
  attempt: AuthContext,
  deps: JumpHostDeps,
  onAccepted: (lease: Ready) => void,
): Promise<void> {
  try {
    const outcome = await decideLogin(attempt, deps.findReadyLease)
    if (outcome.kind === 'accepted') {
      onAccepted(outcome.lease)
      return attempt.accept()
    }
  } catch (err) {
    deps.log.warn({ app: 'gateway', err }, 'ssh login not decided')
  }
  attempt.reject(['publickey'])
}

/** False when the lease has too many connections. */
function admit(client: Connection, socket: Socket, lease: Ready, deps: JumpHostDeps): boolean {
  const { limits, findReadyLease } = deps
  // After a restart the address belongs to another machine, perhaps to another lease's.
  const current = async () => {
    const found = await findReadyLease(lease.id)
    return found?.generation === lease.generation ? found : null
  }
  const release = deps.connections.add({
    leaseId: lease.id,
    isAllowed: async () => (await current()) !== null,
    cut: () => socket.destroy(),
  })
  if (release === null) return false
  socket.emit('leasehold:admitted')
  const cuts = new Set<() => void>()
  socket.once('close', () => {
    release()
    for (const cut of cuts) cut()
  })
  client.on('tcpip', (accept, reject, info) => {
    if (!isOwnMachine(info, lease.id) || cuts.size >= limits.sshChannels) return reject()
    const cut = forward({
      address: lease.address,
      connectMs: limits.sshConnectMs,
      accept,
      reject,
      onEnd: () => cuts.delete(cut),
    })
    cuts.add(cut)
  })
  return true
}
