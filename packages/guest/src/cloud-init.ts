import { stringify } from 'yaml'

/** The account that a renter signs in to. */
export const guestUser = 'leasehold'
export const guestSshPort = 22
export const guestJupyterPort = 8888

/** What a guest is told about itself at its first boot. */
export type GuestFacts = {
  /** A guest that sees another instance id than before takes itself for a new machine. */
  readonly instanceId: string
  readonly hostName: string
  readonly authorizedKeys: readonly string[]
  /** ed25519 host key; null lets the guest make its own. */
  readonly hostKey: { readonly privateOpenSsh: string; readonly publicLine: string } | null
  /** Null starts no Jupyter. */
  readonly jupyterToken: string | null
  /** Further files, for example the agent of a task machine. `mode` is octal text such as `0600`. */
  readonly files?: readonly GuestFile[]
  /** Never pages memory out, at this boot or a later one. Absent: as the image has it. */
  readonly swapOff?: boolean
}

export type GuestFile = { readonly path: string; readonly mode: string; readonly content: string }

/** The two documents of cloud-init's NoCloud data source, by file name. */
export type GuestSeed = { readonly 'user-data': string; readonly 'meta-data': string }

/** Where the image's Jupyter unit looks for its token. */
export const jupyterTokenPath = '/etc/leasehold/jupyter-token'

/** `bootcmd` runs early at every boot: what the image mounts is switched off, and what it would mount stays off. */
const withoutSwap = {
  mounts: [['swap', null]],
  bootcmd: [
    ['systemctl', 'mask', 'swap.target'],
    ['swapoff', '--all'],
  ],
}

/**
 * The NoCloud seed of a machine. Built as data and serialised, so that a name or key with YAML or
 * shell syntax stays a name or key; no command line is made of any of it. Holds secrets. Pure.
 * Format: https://cloudinit.readthedocs.io/en/22.4/topics/datasources/nocloud.html
 */
export function guestSeed(facts: GuestFacts): GuestSeed {
  const files = [
    ...(facts.jupyterToken === null
      ? []
      : [{ path: jupyterTokenPath, mode: '0600', content: facts.jupyterToken }]),
    ...(facts.files ?? []),
  ]
  const userData = {
    users: [
      {
        name: guestUser,
        gecos: 'Renter of this machine',
        shell: '/bin/bash',
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        lock_passwd: true,
        ssh_authorized_keys: [...facts.authorizedKeys],
      },
    ],
    disable_root: true,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_genkeytypes: ['ed25519'],
    ...(facts.hostKey === null
      ? {}
      : {
          ssh_keys: {
            ed25519_private: facts.hostKey.privateOpenSsh,
            ed25519_public: facts.hostKey.publicLine,
          },
        }),
    ...(files.length === 0
      ? {}
      : {
          write_files: files.map(({ path, mode, content }) => ({
            path,
            permissions: mode,
            owner: 'root:root',
            encoding: 'b64',
            content: Buffer.from(content, 'utf8').toString('base64'),
          })),
        }),
    ...(facts.swapOff === true ? withoutSwap : {}),
    growpart: { mode: 'auto', devices: ['/'] },
    resize_rootfs: true,
  }
  const metaData = {
    'instance-id': facts.instanceId,
    'local-hostname': facts.hostName,
    // Nothing here needs the network: applied in the first stage, before it is up.
    dsmode: 'local',
  }
  // cloud-init reads YAML 1.1, where `no`, `1_000` or `12:30` are not strings unless quoted.
  const options = { version: '1.1', lineWidth: 0 } as const
  return {
    'user-data': `#cloud-config\n${stringify(userData, options)}`,
    'meta-data': stringify(metaData, options),
  }
}
