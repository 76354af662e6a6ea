/** How a renter reaches the machine: straight at an address, or through the gateway's jump host. */
export type SshRoute =
  | { readonly kind: 'direct'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'gateway'
      readonly host: string
      readonly port: number
      /** `ssh-ed25519 AAAA…` of the gateway itself. */
      readonly hostKeyLine: string
    }

export type SshTarget = {
  readonly leaseId: string
  /** The account inside the machine. */
  readonly user: string
  /** `ssh-ed25519 AAAA…` of the machine. */
  readonly hostKeyLine: string
  readonly route: SshRoute
  /** The client's private key, where it is not one of its default ones. */
  readonly identityFile?: string
}

/**
 * Arguments of an `ssh` command that trusts exactly the keys we know: `KnownHostsCommand` (OpenSSH
 * ≥ 8.5) hands them over, no file is read or written, and `HostKeyAlias` names the machine by its
 * lease, since its address and port are used again by others. Behind the gateway the jump is a
 * `ProxyCommand` and not `-J`, because options on the command line do not reach a `-J` host.
 */
export function sshArguments(target: SshTarget): readonly string[] {
  const { route, leaseId } = target
  const login = ['-l', checked(target.user, /^[a-z_][a-z0-9_-]{0,31}$/)]
  const pinned = pinnedTo(checked(leaseId, /^[a-z0-9_-]{1,63}$/), target.hostKeyLine)
  const identity = identityOf(target)
  if (route.kind === 'direct')
    return [...pinned, ...identity, ...addressOf(route), ...login, route.host]
  const jump = [
    'ssh',
    ...identity,
    ...pinnedTo('leasehold-gateway', route.hostKeyLine),
    ...addressOf(route),
    '-l',
    leaseId,
    '-W',
    'machine:22',
    route.host,
  ]
  return [
    ...pinned,
    ...identity,
    '-o',
    `ProxyCommand=${jump.map(quoted).join(' ')}`,
    ...login,
    leaseId,
  ]
}

/** The same as one line for a POSIX shell. */
export function sshCommand(target: SshTarget): string {
  return ['ssh', ...sshArguments(target).map(quoted)].join(' ')
}

function pinnedTo(alias: string, hostKeyLine: string): readonly string[] {
  const line = checked(hostKeyLine, /^ssh-ed25519 [A-Za-z0-9+/]{40,}={0,2}$/)
  return [
    '-o',
    `HostKeyAlias=${alias}`,
    '-o',
    `KnownHostsCommand=/bin/echo ${alias} ${line}`,
    '-o',
    'StrictHostKeyChecking=yes',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'GlobalKnownHostsFile=/dev/null',
  ]
}

function addressOf({ host, port }: { host: string; port: number }): readonly string[] {
  checked(host, /^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$/)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new RangeError('An SSH port is a whole number from 1 to 65535.')
  return ['-p', String(port)]
}

/** `ssh` expands `%` in file names, so a name with one would mean another file. */
function identityOf({ identityFile }: SshTarget): readonly string[] {
  if (identityFile === undefined) return []
  return ['-i', checked(identityFile, /^[^%\p{Cc}]+$/u), '-o', 'IdentitiesOnly=yes']
}

/** The line is pasted into shells: nothing that a shell or `ssh` could read as more than a name passes. */
function checked(value: string, shape: RegExp): string {
  if (!shape.test(value))
    throw new RangeError(`Not fit for an ssh command: ${JSON.stringify(value)}`)
  return value
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
