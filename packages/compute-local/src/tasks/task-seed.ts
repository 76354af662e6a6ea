import type { GuestFile, GuestSeed } from '@leasehold/guest'
import { agentGuestFolder } from '@leasehold/guest'
import { stringify } from 'yaml'

/** Raise it when a template made with the seed before must not be used any more. */
export const taskSeedVersion = 1

/** The port inside the guest through which the agent is told to start. */
export const agentPortName = 'org.leasehold.run'

const agentUnit = 'leasehold-task-agent.service'

/**
 * The NoCloud seed of a task machine: the agent, its unit and the user that scripts run as. The same
 * for every run: what is particular to one comes through the agent's port. Holds no secrets. Pure.
 *
 * The module lists are part of the seed, so that an image with any list of its own (a stock cloud
 * image, or ours, which stops after the first stage) does these steps and no others, in the first stage.
 */
export function taskSeed(agentFiles: readonly GuestFile[]): GuestSeed {
  const files: readonly GuestFile[] = [
    ...agentFiles,
    { path: `/etc/systemd/system/${agentUnit}`, mode: '0644', content: unitText() },
    { path: '/etc/pip.conf', mode: '0644', content: pipConfiguration },
  ]
  const userData = {
    cloud_init_modules: [
      ...['bootcmd', 'write-files', 'growpart', 'resizefs', 'users-groups'],
      ...['runcmd', 'scripts-user'],
    ],
    cloud_config_modules: [],
    cloud_final_modules: [],
    // An image that lacks some of these units is fine.
    bootcmd: [['sh', '-c', 'systemctl mask --now "$@" || true', 'mask', ...unwantedUnits]],
    users: [{ name: 'task', gecos: 'Runs one script', shell: '/bin/bash', lock_passwd: true }],
    disable_root: true,
    ssh_pwauth: false,
    write_files: files.map(({ path, mode, content }) => ({
      path,
      permissions: mode,
      owner: 'root:root',
      encoding: 'b64',
      content: Buffer.from(content, 'utf8').toString('base64'),
    })),
    growpart: { mode: 'auto', devices: ['/'] },
    resize_rootfs: true,
    runcmd: [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'start', '--no-block', agentUnit],
    ],
  }
  const metaData = {
    'instance-id': 'leasehold-task',
    'local-hostname': 'task',
    // Nothing here needs the network: all of it is done in the very first stage.
    dsmode: 'local',
  }
  // cloud-init reads YAML 1.1, where `no`, `1_000` or `12:30` are not strings unless quoted.
  const options = { version: '1.1', lineWidth: 0 } as const
  return {
    'user-data': `#cloud-config\n${stringify(userData, options)}`,
    'meta-data': stringify(metaData, options),
  }
}

/** A task machine offers nothing to the network and upgrades nothing while a script runs. */
const unwantedUnits = [
  ...['ssh.service', 'ssh.socket', 'leasehold-jupyter.service'],
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'unattended-upgrades.service'],
  ...['man-db.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer'],
]

/** `pip install` works for the unprivileged user: into its home, Debian's guard (PEP 668) set aside. */
const pipConfiguration = '[global]\nbreak-system-packages = true\n[install]\nuser = true\n'

/** Waits for the end of booting, so that a template is quiet when it is frozen. If the agent dies, the machine ends. */
function unitText(): string {
  return `[Unit]
Description=Leasehold task agent
After=multi-user.target network.target
SuccessAction=poweroff-immediate
FailureAction=poweroff-immediate

[Service]
WorkingDirectory=${agentGuestFolder}
ExecStartPre=-/usr/bin/setpriv --version
ExecStart=/usr/bin/python3 -m leasehold_run_agent --port /dev/virtio-ports/${agentPortName}
StandardOutput=journal+console
StandardError=journal+console
TasksMax=infinity
LimitNOFILE=1048576
OOMPolicy=continue
`
}
