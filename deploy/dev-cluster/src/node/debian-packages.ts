import { access } from 'node:fs/promises'
import { type Log, step } from '../log.ts'
import { runCommand } from '../processes/run-command.ts'

/** What a node runs, or what its programs and images are built with, and the package that has it. */
const needed = [
  { file: '/usr/bin/containerd', package: 'containerd' },
  { file: '/usr/sbin/runc', package: 'runc' },
  { file: '/usr/lib/cni/bridge', package: 'containernetworking-plugins' },
  { file: '/usr/sbin/iptables', package: 'iptables' },
  { file: '/usr/sbin/ipset', package: 'ipset' },
  { file: '/usr/sbin/conntrack', package: 'conntrack' },
  { file: '/usr/bin/mmdebstrap', package: 'mmdebstrap' },
  { file: '/usr/sbin/ip', package: 'iproute2' },
  { file: '/usr/bin/gcc', package: 'gcc' },
  { file: '/usr/include/stdio.h', package: 'libc6-dev' },
  { file: '/usr/include/libvirt/libvirt.h', package: 'libvirt-dev' },
  { file: '/usr/sbin/setcap', package: 'libcap2-bin' },
] as const

export async function findMissingPackages(): Promise<readonly string[]> {
  const found = await Promise.all(needed.map(({ file }) => exists(file)))
  return needed.filter((_, index) => !found[index]).map((need) => need.package)
}

export function installablePackages(): Promise<boolean> {
  return exists('/usr/bin/apt-get')
}

/** Installs what is missing. `RUNLEVEL=1` keeps the packages from starting their services on this host. */
export async function ensurePackages(log: Log, signal: AbortSignal): Promise<void> {
  const missing = await findMissingPackages()
  if (missing.length === 0) return
  await step(log, `install Debian packages: ${missing.join(' ')}`, async (report) => {
    const options = {
      env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      signal,
      timeoutMs: 15 * 60_000,
      onLine: report,
    }
    const wait = ['-o', 'DPkg::Lock::Timeout=300']
    await runCommand('apt-get', [...wait, 'update'], options)
    const install = ['install', '-y', '--no-install-recommends', ...missing]
    await runCommand('apt-get', [...wait, ...install], options)
  })
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
