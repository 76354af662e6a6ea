import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { makeOwnCertificate } from './certificates.ts'

/** The parts of SeaweedFS, each with a port for HTTP and one for gRPC. */
const parts = ['master', 'volume', 'filer', 's3'] as const
type PortName = (typeof parts)[number] | `${(typeof parts)[number]}-grpc`
type Ports = Readonly<Record<PortName, number>>

/** What one installation keeps from start to start. Made once; holds secrets. */
export type Installation = {
  readonly ports: Ports
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Sign what the parts say to each other over HTTP. */
  readonly signingKeys: readonly string[]
  /** Lets the parts speak gRPC to each other and nobody else to them. */
  readonly key: string
  readonly certificate: string
}

/** Reads what was made before, or makes it; takes other ports where somebody else has ours now. */
export async function openInstallation(folder: string): Promise<Installation> {
  await mkdir(join(folder, 'data'), { recursive: true, mode: 0o700 })
  const file = join(folder, 'installation.json')
  const known = await readInstallation(file)
  const installation: Installation = known ?? {
    ports: {} as Ports,
    accessKeyId: `LH${randomBytes(9).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(32).toString('base64url'),
    signingKeys: Array.from({ length: 4 }, () => randomBytes(32).toString('base64url')),
    ...makeOwnCertificate(certificateName, new Date()),
  }
  const ports = await choosePorts(installation.ports)
  const chosen = { ...installation, ports }
  await writePrivately(file, JSON.stringify(chosen))
  return chosen
}

/** What is remembered, without looking at whether the ports are free: they are taken while it runs. */
export async function readInstallation(file: string): Promise<Installation | null> {
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return null
  try {
    const found = JSON.parse(text) as Installation
    if (typeof found.secretAccessKey === 'string' && found.ports !== undefined) return found
  } catch {
    // Told below, the same for every kind of damage.
  }
  throw new Error(
    `${file} is damaged. Restore it from a backup, or remove its folder to start with an empty object store.`,
  )
}

export const certificateName = 'leasehold-store'

/** Readable by us only, and replaced as a whole: a crash leaves the old or the new. */
export async function writePrivately(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

async function choosePorts(remembered: Partial<Ports>): Promise<Ports> {
  const names = parts.flatMap((part) => [part, `${part}-grpc`] as const)
  const chosen = new Map<PortName, number>()
  for (const name of names) {
    const before = remembered[name]
    const free = before !== undefined && (await isFree(before)) ? before : await freePort(chosen)
    chosen.set(name, free)
  }
  return Object.fromEntries(chosen) as Ports
}

/** A free port that is not promised to another part already. */
async function freePort(taken: ReadonlyMap<PortName, number>): Promise<number> {
  for (;;) {
    const port = await listenOnce(0)
    if (port !== null && ![...taken.values()].includes(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== null
}

async function listenOnce(port: number): Promise<number | null> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        resolve(address === null || typeof address === 'string' ? null : address.port),
      )
    })
  })
}
