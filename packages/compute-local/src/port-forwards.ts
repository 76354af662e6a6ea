import { createServer } from 'node:net'

/** Ports on 127.0.0.1 at which a machine answers. `jupyter` is null when its image has none. */
export type MachinePorts = { readonly ssh: number; readonly jupyter: number | null }

/** Every port of this host that we asked for is taken. Asking again later may work. */
export class NoFreePort extends Error {
  constructor() {
    super('No TCP port is free on 127.0.0.1 of this host.')
    this.name = 'NoFreePort'
  }
}

/**
 * Ports that are free now: the remembered ones where they still are, so that an address survives a
 * stop; others else. Both are held until both are found, or a host with few left gives the same one
 * for ever. Someone may take one before QEMU does: QEMU then refuses to start and we ask again.
 */
export async function takePorts(
  remembered: MachinePorts | null,
  hasJupyter: boolean,
): Promise<MachinePorts> {
  const held: HeldPort[] = []
  const take = async (wish: number | null) => {
    const found = (wish === null ? null : await hold(wish)) ?? (await hold(0))
    if (found === null) throw new NoFreePort()
    held.push(found)
    return found.port
  }
  try {
    const ssh = await take(remembered?.ssh ?? null)
    return { ssh, jupyter: hasJupyter ? await take(remembered?.jupyter ?? null) : null }
  } finally {
    await Promise.all(held.map(({ release }) => release()))
  }
}

type HeldPort = { readonly port: number; release(): Promise<void> }

/** Binds the port (0: any that can be bound); null when that is not possible. */
function hold(wish: number): Promise<HeldPort | null> {
  const server = createServer()
  const release = () => new Promise<void>((closed) => server.close(() => closed()))
  return new Promise((resolve) => {
    server.once('error', () => resolve(null))
    server.listen({ port: wish, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : wish
      resolve({ port, release })
    })
  })
}
