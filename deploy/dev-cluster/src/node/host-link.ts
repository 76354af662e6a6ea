import { createHash } from 'node:crypto'
import { runCommand } from '../processes/run-command.ts'

/** The addresses of one cluster: a /16 of its own, so that several clusters can run on one computer. */
export type Network = {
  /** The host's end of the link: what runs on the host listens here for pods. */
  readonly hostAddress: string
  readonly hostLink: string
  readonly podCidr: string
  /** Only known inside the nodes. */
  readonly serviceCidr: string
  /** Of the node with this number, from 0; and the address through which the host or the first node reaches it. */
  readonly nodeAddress: (number: number) => string
  readonly gatewayAddress: (number: number) => string
}

export const firstBlock = 64
const blocks = 64
const limitMs = 10_000

/** Addresses that no route and no interface of the host uses yet. The same folder gets the same ones when they are free. */
export async function chooseNetwork(folder: string, signal: AbortSignal): Promise<Network> {
  const routes = await ip(['-o', 'route', 'show', 'table', 'all'], signal)
  const addresses = await ip(['-o', 'address', 'show'], signal)
  const used = usedBlocks(`${routes}\n${addresses}`)
  const preferred = createHash('sha256').update(folder).digest().readUInt16BE() % blocks
  for (let index = 0; index < blocks; index += 1) {
    const block = firstBlock + ((preferred + index) % blocks)
    if (!used.has(block) && block !== serviceBlock) return networkOf(block)
  }
  throw new Error(
    `All of 10.${firstBlock}.0.0 to 10.${firstBlock + blocks - 1}.255.255 is in use on this host: stop another cluster (npm run cluster -- down).`,
  )
}

const serviceBlock = 96

/** Pure. */
export function networkOf(block: number): Network {
  return {
    hostAddress: `10.${block}.0.1`,
    hostLink: `leasehold-${block}`,
    podCidr: `10.${block}.64.0/18`,
    serviceCidr: `10.${serviceBlock}.0.0/16`,
    nodeAddress: (number) => `10.${block}.0.${number * 4 + 2}`,
    gatewayAddress: (number) => `10.${block}.0.${number * 4 + 1}`,
  }
}

/** Second numbers of all 10.x addresses in what `ip` prints; a route to all of 10.0.0.0/8 uses none by itself. Pure. */
export function usedBlocks(text: string): ReadonlySet<number> {
  const found = text.matchAll(/\b10\.(\d+)\.\d+\.\d+(?!\/8\b)/g)
  return new Set([...found].map(([, block]) => Number(block)))
}

/** Removes the host's end; the other end and the routes through it go with it. */
export async function removeLink(link: string, signal: AbortSignal): Promise<void> {
  const links = await ip(['-o', 'link', 'show'], signal)
  if (links.includes(` ${link}@`) || links.includes(` ${link}:`))
    await ip(['link', 'delete', link], signal)
}

export function ip(args: readonly string[], signal: AbortSignal): Promise<string> {
  return runCommand('ip', args, { signal, timeoutMs: limitMs })
}
