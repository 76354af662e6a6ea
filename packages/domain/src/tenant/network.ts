/** A range of addresses in CIDR notation: `192.0.2.0/24`, `2001:db8::/32`; a single address has no prefix. */
export type Network = {
  /** 16 bytes; IPv4 as `::ffff:a.b.c.d`, so that one comparison serves both. */
  readonly bytes: readonly number[]
  /** Of the 128 bits, how many must agree. */
  readonly prefix: number
}

/** Networks from which something may be done. `deny` goes before `allow`; an empty `allow` means everywhere. */
export type NetworkRules = {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

export const anyNetwork: NetworkRules = { allow: [], deny: [] }

/** So many networks each list may have. */
export const mostNetworks = 100

const mappedPrefix = 96

/** Null when `text` is neither an address nor a network, or has bits set behind its prefix. */
export function parseNetwork(text: string): Network | null {
  const [address = '', prefixText, ...rest] = text.split('/')
  const bytes = parseAddress(address)
  if (bytes === null || rest.length > 0) return null
  const isVersion4 = !address.includes(':')
  const longest = isVersion4 ? 32 : 128
  const given = prefixText === undefined ? longest : decimal(prefixText, longest)
  if (given === null) return null
  const prefix = isVersion4 ? given + mappedPrefix : given
  const network = { bytes, prefix }
  return hasBitsBehindPrefix(network) ? null : network
}

/** Whether `address` may pass. What is no address passes only where there are no rules. */
export function maySendFrom(
  allow: readonly Network[],
  deny: readonly Network[],
  address: string,
): boolean {
  if (allow.length === 0 && deny.length === 0) return true
  const bytes = parseAddress(address)
  if (bytes === null) return false
  if (deny.some((network) => isInside(network, bytes))) return false
  return allow.length === 0 || allow.some((network) => isInside(network, bytes))
}

function isInside({ bytes, prefix }: Network, address: readonly number[]): boolean {
  const whole = prefix >> 3
  for (let index = 0; index < whole; index++) if (bytes[index] !== address[index]) return false
  const bits = prefix & 7
  if (bits === 0) return true
  const mask = 0xff << (8 - bits)
  return ((bytes[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask)
}

function hasBitsBehindPrefix({ bytes, prefix }: Network): boolean {
  return bytes.some((byte, index) => {
    const own = Math.min(8, Math.max(0, prefix - index * 8))
    return (byte & (0xff >> own)) !== 0
  })
}

/** The 16 bytes of an address, or null. A zone (`%eth0`) is no part of an address that routes. */
function parseAddress(text: string): readonly number[] | null {
  if (text.length > 45) return null
  if (!text.includes(':')) {
    const four = parseVersion4(text)
    return four === null ? null : [...new Array<number>(10).fill(0), 0xff, 0xff, ...four]
  }
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = parseGroups(halves[0] ?? '', halves.length === 1)
  const tail = parseGroups(halves[1] ?? '', true)
  if (head === null || tail === null) return null
  const missing = 16 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null
  return [...head, ...new Array<number>(missing).fill(0), ...tail]
}

/** Groups of an IPv6 address as bytes; the last may be an IPv4 address where the whole text ends. */
function parseGroups(text: string, isEnd: boolean): readonly number[] | null {
  if (text === '') return []
  const groups = text.split(':')
  const bytes: number[] = []
  for (const [index, group] of groups.entries()) {
    if (isEnd && index === groups.length - 1 && group.includes('.')) {
      const four = parseVersion4(group)
      if (four === null) return null
      bytes.push(...four)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    } else return null
  }
  return bytes
}

function parseVersion4(text: string): readonly number[] | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  const bytes = parts.map((part) => decimal(part, 255))
  return bytes.includes(null) ? null : (bytes as number[])
}

/** A number without a leading zero, which some readers take for octal. */
function decimal(text: string, most: number): number | null {
  if (!/^(0|[1-9]\d{0,2})$/.test(text)) return null
  const value = Number(text)
  return value <= most ? value : null
}
