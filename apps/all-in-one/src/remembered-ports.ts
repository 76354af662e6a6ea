import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** Name of a listener → its port. */
export type Ports = Readonly<Record<string, number>>

/**
 * Gives every listener with port 0 a free port and remembers it in the state folder, so that links,
 * tokens and agents in running machines stay good over a restart. A remembered port that someone
 * else has taken meanwhile is replaced by another free one.
 */
export async function rememberPorts(
  stateFolder: string,
  wanted: Ports,
  host: string,
): Promise<Ports> {
  const file = join(stateFolder, 'ports.json')
  const remembered = await readPorts(file)
  const chosen: Record<string, number> = {}
  for (const [name, port] of Object.entries(wanted))
    chosen[name] = port !== 0 ? port : await freePort(host, remembered[name], Object.values(chosen))
  await writeFile(`${file}.draft`, JSON.stringify(chosen))
  await rename(`${file}.draft`, file)
  return chosen
}

async function readPorts(file: string): Promise<Ports> {
  try {
    const stored: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof stored !== 'object' || stored === null) return {}
    return Object.fromEntries(
      Object.entries(stored).filter(
        ([, port]) => Number.isInteger(port) && port > 0 && port < 65_536,
      ),
    )
  } catch {
    return {}
  }
}

async function freePort(
  host: string,
  preferred: number | undefined,
  taken: readonly number[],
): Promise<number> {
  if (
    preferred !== undefined &&
    !taken.includes(preferred) &&
    (await tryPort(host, preferred)) !== null
  )
    return preferred
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = await tryPort(host, 0)
    if (port !== null && !taken.includes(port)) return port
  }
  throw new Error(`No free port on ${host}: set the ports by hand (API_PORT, GATEWAY_PORT, …).`)
}

/** The port that could be listened on, or null when it is taken. */
function tryPort(host: string, port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, host, () => {
      const address = server.address()
      const got = typeof address === 'object' && address !== null ? address.port : null
      server.close(() => resolve(got))
    })
  })
}
