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
 * stop; others else. Someone may take one before QEMU does: QEMU then refuses to start and we ask again.
 */
export async function takePorts(
  remembered: MachinePorts | null,
  hasJupyter: boolean,
): Promise<MachinePorts> {
  const ssh = await takePort(remembered?.ssh ?? null)
  const jupyter = hasJupyter ? await takePort(remembered?.jupyter ?? null) : null
  return jupyter !== null && jupyter === ssh ? takePorts(null, hasJupyter) : { ssh, jupyter }
}

async function takePort(wish: number | null): Promise<number> {
  if (wish !== null && (await isFree(wish)) !== null) return wish
  const port = await isFree(0)
  if (port === null) throw new NoFreePort()
  return port
}

/** The port if it can be bound (0: any that can), else null. */
function isFree(port: number): Promise<number | null> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(null))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      const bound = typeof address === 'object' && address !== null ? address.port : null
      server.close(() => resolve(bound))
    })
  })
}
