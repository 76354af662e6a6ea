import { createHash } from 'node:crypto'
import { loaderPackages, makeLoaderScript } from './boot-loader.ts'

/** What the platform's own guest image is made of. Its hash names the image. */
export type ImageRecipe = {
  readonly suite: string
  readonly packages: readonly string[]
  /** Written before packages are installed, so that they take effect while installing. */
  readonly earlyFiles: readonly ImageFile[]
  readonly files: readonly ImageFile[]
  /** Units that a machine of ours has no use for; each costs boot time. */
  readonly maskedUnits: readonly string[]
  /** `[link, target]` */
  readonly links: readonly (readonly [string, string])[]
  readonly removedPaths: readonly string[]
  /** Makes what `writeBootSector` needs, below `$1`. */
  readonly loaderScript: string
  readonly virtualSizeMiB: number
}

export type ImageFile = { readonly path: string; readonly mode: string; readonly content: string }

/** Debian 12 that boots fast without hardware help: direct kernel, few units, cloud-init reduced to what seeds say. */
export const debianRecipe: ImageRecipe = {
  suite: 'bookworm',
  packages: [
    ...['systemd', 'systemd-sysv', 'udev', 'dbus', 'linux-image-cloud-amd64', 'initramfs-tools'],
    ...['cloud-init', 'openssh-server', 'sudo', 'iproute2', 'iputils-ping', 'e2fsprogs', 'zstd'],
    ...['ca-certificates', 'curl', 'less', 'procps', 'python3', 'python3-pip', 'python3-venv'],
    ...['jupyter-notebook', 'python3-ipykernel', ...loaderPackages],
  ],
  earlyFiles: [
    {
      path: '/etc/initramfs-tools/conf.d/leasehold',
      mode: '0644',
      content: 'MODULES=list\nCOMPRESS=zstd\nBUSYBOX=n\n',
    },
    {
      path: '/etc/initramfs-tools/modules',
      mode: '0644',
      content: 'virtio_pci\nvirtio_blk\next4\ncrc32c_generic\n',
    },
    // The kernel makes /dev/vda by itself: waiting for udev, twice, only costs time.
    ...['init-top', 'init-bottom'].map((stage) => ({
      path: `/etc/initramfs-tools/scripts/${stage}/udev`,
      mode: '0755',
      content: '#!/bin/sh\nexit 0\n',
    })),
  ],
  files: [
    {
      path: '/etc/fstab',
      mode: '0644',
      content: '/dev/vda / ext4 defaults,errors=remount-ro,x-systemd.growfs 0 0\n',
    },
    {
      path: '/etc/systemd/network/10-leasehold.network',
      mode: '0644',
      content:
        '[Match]\nType=ether\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n[DHCPv4]\nUseDNS=no\n',
    },
    // The resolver of QEMU's user-mode network; without a reachable one, ssh and sudo wait for it.
    {
      path: '/etc/resolv.conf',
      mode: '0644',
      content: 'nameserver 10.0.2.3\noptions timeout:2 attempts:2\n',
    },
    { path: '/etc/hostname', mode: '0644', content: 'leasehold\n' },
    {
      path: '/etc/hosts',
      mode: '0644',
      content: '127.0.0.1 localhost\n::1 localhost ip6-localhost\n',
    },
    { path: '/etc/machine-id', mode: '0444', content: '' },
    {
      path: '/etc/cloud/cloud.cfg',
      mode: '0644',
      content: [
        'datasource_list: [NoCloud]',
        'disable_root: true',
        'network: {config: disabled}',
        'manage_etc_hosts: true',
        'cloud_init_modules: [write-files, set_hostname, update_etc_hosts, users-groups, ssh]',
        'cloud_config_modules: []',
        'cloud_final_modules: []',
        'system_info: {distro: debian, ssh_svcname: ssh}',
        '',
      ].join('\n'),
    },
    {
      path: '/etc/ssh/sshd_config.d/10-leasehold.conf',
      mode: '0644',
      content:
        'PasswordAuthentication no\nPermitRootLogin no\nUseDNS no\nHostKey /etc/ssh/ssh_host_ed25519_key\n',
    },
    {
      path: '/etc/systemd/journald.conf.d/leasehold.conf',
      mode: '0644',
      content: '[Journal]\nStorage=persistent\nSystemMaxUse=64M\n',
    },
    {
      path: '/etc/systemd/system/leasehold-jupyter.service',
      mode: '0644',
      content: jupyterUnit(),
    },
    // A seed that says `dsmode: local` is done after the first stage; a second one would find nothing to do.
    {
      path: '/etc/systemd/system/cloud-init.service.d/leasehold.conf',
      mode: '0644',
      content: '[Unit]\nConditionPathExists=!/var/lib/cloud/instance/sem/config_users_groups\n',
    },
    // What a machine has: no need to look at each of 64 virtual terminals. `input` is the power button.
    {
      path: '/etc/systemd/system/systemd-udev-trigger.service.d/leasehold.conf',
      mode: '0644',
      content: `[Service]\nExecStart=\nExecStart=udevadm trigger --action=add ${udevMatches()}\n`,
    },
    { path: '/etc/jupyter/jupyter_notebook_config.py', mode: '0644', content: jupyterConfig() },
  ],
  maskedUnits: [
    ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'fstrim.timer'],
    ...['e2scrub_all.timer', 'e2scrub_reap.service', 'systemd-networkd-wait-online.service'],
    ...['cloud-config.service', 'cloud-final.service', 'cloud-init-hotplugd.socket'],
    ...['getty@tty1.service', 'serial-getty@ttyS0.service', 'systemd-pstore.service'],
    ...['systemd-binfmt.service', 'proc-sys-fs-binfmt_misc.automount', 'sys-kernel-debug.mount'],
    ...['sys-kernel-tracing.mount', 'dev-hugepages.mount', 'modprobe@drm.service'],
    ...['modprobe@efi_pstore.service', 'modprobe@fuse.service', 'sys-fs-fuse-connections.mount'],
    ...['systemd-update-utmp-runlevel.service', 'keyboard-setup.service', 'console-setup.service'],
  ],
  links: [
    ['/etc/systemd/system-generators/cloud-init-generator', '/dev/null'],
    [
      '/etc/systemd/system/multi-user.target.wants/cloud-init.target',
      '/lib/systemd/system/cloud-init.target',
    ],
    [
      '/etc/systemd/system/multi-user.target.wants/systemd-networkd.service',
      '/lib/systemd/system/systemd-networkd.service',
    ],
    [
      '/etc/systemd/system/multi-user.target.wants/leasehold-jupyter.service',
      '/etc/systemd/system/leasehold-jupyter.service',
    ],
    ['/etc/systemd/system/default.target', '/lib/systemd/system/multi-user.target'],
  ],
  removedPaths: [
    '/etc/ssh/ssh_host_*',
    '/var/lib/apt/lists/*',
    '/var/cache/apt/*',
    '/var/log/*.log',
  ],
  loaderScript: makeLoaderScript(),
  virtualSizeMiB: 3_072,
}

/** The name of the image that a recipe makes. Pure. */
export function recipeId(recipe: ImageRecipe): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16)
}

/** A shell script for mmdebstrap's hooks that writes files below `$1`; contents travel as base64. Pure. */
export function writeFilesScript(files: readonly ImageFile[]): string {
  return files
    .map(({ path, mode, content }) => {
      const base64 = Buffer.from(content, 'utf8').toString('base64')
      return [
        `mkdir -p "$1${path.slice(0, path.lastIndexOf('/'))}"`,
        `rm -f "$1${path}"`,
        `printf %s '${base64}' | base64 -d > "$1${path}"`,
        `chmod ${mode} "$1${path}"`,
      ].join('\n')
    })
    .join('\n')
}

/** What is done to the finished root below `$1`. Pure. */
export function finishScript(recipe: ImageRecipe): string {
  return [
    'set -e',
    writeFilesScript(recipe.files),
    ...recipe.maskedUnits.map((unit) => `ln -sf /dev/null "$1/etc/systemd/system/${unit}"`),
    ...recipe.links.map(
      ([link, target]) =>
        `mkdir -p "$1${link.slice(0, link.lastIndexOf('/'))}"; ln -sfn ${target} "$1${link}"`,
    ),
    recipe.loaderScript,
    ...recipe.removedPaths.map((path) => `rm -rf "$1"${path}`),
  ].join('\n')
}

function udevMatches(): string {
  const subsystems = ['block', 'net', 'pci', 'virtio', 'virtio-ports', 'acpi', 'input', 'misc']
  return subsystems.map((name) => `--subsystem-match=${name}`).join(' ')
}

function jupyterUnit(): string {
  return `[Unit]
Description=Jupyter for the renter of this machine
After=cloud-init-local.service cloud-init.service network.target
ConditionPathExists=/etc/leasehold/jupyter-token

[Service]
User=leasehold
WorkingDirectory=~
LoadCredential=token:/etc/leasehold/jupyter-token
# Debian's byte code is complete, and setuptools' own distutils only costs a second.
Environment=PYTHONDONTWRITEBYTECODE=1 SETUPTOOLS_USE_DISTUTILS=stdlib
ExecStart=/usr/bin/jupyter-notebook
Restart=on-failure
RestartSec=2

[Install]
WantedBy=multi-user.target
`
}

/** The token is read from the unit's credential: it is in no argument and no environment. */
function jupyterConfig(): string {
  return `import os, pathlib
c = get_config()
folder = os.environ.get("CREDENTIALS_DIRECTORY")
if folder:
    c.NotebookApp.token = pathlib.Path(folder, "token").read_text().strip()
    c.NotebookApp.ip = "0.0.0.0"
    c.NotebookApp.port = 8888
    c.NotebookApp.port_retries = 0
    c.NotebookApp.open_browser = False
    c.NotebookApp.allow_remote_access = True
    c.NotebookApp.quit_button = False
    c.NotebookApp.nbserver_extensions = {}
`
}
