import type { CpuTopology } from '@leasehold/domain'

export type Acceleration = 'kvm' | 'tcg'

export type QemuDisk = {
  readonly path: string
  readonly format: 'qcow2' | 'raw'
  readonly readOnly: boolean
  /** Seen in the guest as `/dev/disk/by-id/virtio-<serial>`; at most 20 characters. */
  readonly serial: string
}

/** A TCP port of the guest that answers on 127.0.0.1 of this host. */
export type PortForward = { readonly hostPort: number; readonly guestPort: number }

/** A service of this host that the guest reaches at an address of its own network. */
export type GuestForward = {
  readonly guestAddress: string
  readonly guestPort: number
  readonly hostPort: number
}

/** Boots a kernel of ours directly; null lets the disk's own boot loader do it. */
export type DirectKernel = {
  readonly kernelPath: string
  readonly initrdPath: string
  readonly commandLine: string
}

/** Everything that decides what one QEMU process is. Holds no secrets: all of it shows in `ps`. */
export type QemuPlan = {
  /** Shown in the process list; letters, digits, `_`, `-` only. */
  readonly name: string
  readonly acceleration: Acceleration
  readonly cpu: CpuTopology
  readonly memoryMiB: number
  readonly kernel: DirectKernel | null
  readonly disks: readonly QemuDisk[]
  /** ISO 9660 with the NoCloud seed; null for none. */
  readonly seedPath: string | null
  readonly forwards: readonly PortForward[]
  /** `outside`: the guest may open connections. `restricted`: it reaches `guestForwards` and nothing else. */
  readonly network: 'outside' | 'restricted'
  readonly guestForwards: readonly GuestForward[]
  /** Written by QEMU itself, so that it names the process even when we die right after starting it. */
  readonly pidFilePath: string
  /** Commands; one client at a time. */
  readonly qmpSocketPath: string
  /** Second monitor, for who waits for the end of the process; one client at a time, others queue. */
  readonly watchSocketPath: string
  /** virtio-serial port `org.leasehold.run` on a unix socket; null for none. */
  readonly channelSocketPath: string | null
  /** `-incoming` URI of a memory snapshot; null boots. */
  readonly incoming: string | null
  /** Appended as they are: what only task machines have. */
  readonly furtherArguments?: readonly string[]
  /** Migration to and from `exec:` needs child processes; everything else runs without. */
  readonly mayStartPrograms: boolean
}

/**
 * The arguments of `qemu-system-x86_64` for a plan. Nothing listens but unix sockets and loopback
 * ports; user configuration, default devices and displays are off; the console goes to stdout,
 * where `startQemu` caps it. Commas in paths are doubled, as QEMU's option syntax asks.
 */
export function qemuArguments(plan: QemuPlan): readonly string[] {
  return [
    ...['-name', `guest=${plan.name}`, '-nodefaults', '-no-user-config', '-display', 'none'],
    ...['-sandbox', sandbox(plan.mayStartPrograms)],
    ...['-machine', 'q35,hpet=off,vmport=off,graphics=off', '-accel', accelerator(plan)],
    ...['-cpu', cpuModel(plan), '-smp', topology(plan.cpu), '-m', `size=${plan.memoryMiB}M`],
    ...['-rtc', 'base=utc,clock=host', '-boot', 'menu=off'],
    ...(plan.kernel === null ? [] : kernelArguments(plan.kernel)),
    ...plan.disks.flatMap((disk, index) => diskArguments(disk, index, plan.cpu)),
    ...(plan.seedPath === null ? [] : seedArguments(plan.seedPath)),
    ...networkArguments(plan),
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-object', 'rng-random,id=rng0,filename=/dev/urandom'],
    ...['-device', 'virtio-rng-pci,rng=rng0', '-device', 'virtio-balloon-pci,id=balloon0'],
    ...(plan.channelSocketPath === null ? [] : channelArguments(plan.channelSocketPath)),
    ...monitorArguments('qmp', plan.qmpSocketPath),
    ...monitorArguments('watch', plan.watchSocketPath),
    ...['-pidfile', plan.pidFilePath],
    ...(plan.incoming === null ? [] : ['-incoming', plan.incoming]),
    ...(plan.furtherArguments ?? []),
  ]
}

function sandbox(mayStartPrograms: boolean): string {
  const spawn = mayStartPrograms ? 'allow' : 'deny'
  return `on,obsolete=deny,elevateprivileges=deny,spawn=${spawn},resourcecontrol=deny`
}

/** When the translation cache is full all of it is thrown away; a boot of Debian fills 128 MiB five times. */
function accelerator({ acceleration }: QemuPlan): string {
  return acceleration === 'kvm' ? 'kvm' : 'tcg,thread=multi,tb-size=256'
}

/**
 * `host-passthrough` and `host-model` exist with KVM only; emulation offers all it can instead, but
 * for vector units that it is slower with than without, and paging modes that cost and bring nothing.
 */
function cpuModel({ acceleration, cpu }: QemuPlan): string {
  if (acceleration === 'tcg') return 'max,la57=off,pcid=off,avx=off,avx2=off,f16c=off,fma=off'
  return cpu.model.startsWith('host-') || cpu.model === 'max' ? 'host' : escapeValue(cpu.model)
}

function topology({ sockets, cores, threads }: CpuTopology): string {
  return `cpus=${sockets * cores * threads},sockets=${sockets},cores=${cores},threads=${threads}`
}

function kernelArguments({ kernelPath, initrdPath, commandLine }: DirectKernel): string[] {
  return ['-kernel', kernelPath, '-initrd', initrdPath, '-append', commandLine]
}

function diskArguments(disk: QemuDisk, index: number, cpu: CpuTopology): string[] {
  const queues = Math.min(4, cpu.sockets * cpu.cores * cpu.threads)
  const drive = [
    `file=${escapeValue(disk.path)},format=${disk.format},if=none,id=disk${index}`,
    `cache=writeback,discard=unmap,detect-zeroes=unmap,aio=threads`,
    ...(disk.readOnly ? ['readonly=on'] : []),
  ].join(',')
  const device = `virtio-blk-pci,drive=disk${index},id=virtio-disk${index},num-queues=${queues},serial=${disk.serial}`
  return ['-drive', drive, '-device', index === 0 ? `${device},bootindex=1` : device]
}

function seedArguments(path: string): string[] {
  const drive = `file=${escapeValue(path)},format=raw,if=none,id=seed,readonly=on`
  return ['-drive', drive, '-device', 'virtio-blk-pci,drive=seed,id=virtio-seed,serial=seed']
}

function networkArguments({ network, forwards, guestForwards }: QemuPlan): string[] {
  const netdev = [
    'user,id=net0,ipv6=off',
    ...(network === 'restricted' ? ['restrict=on'] : []),
    ...forwards.map((f) => `hostfwd=tcp:127.0.0.1:${f.hostPort}-:${f.guestPort}`),
    ...guestForwards.map(
      (f) => `guestfwd=tcp:${f.guestAddress}:${f.guestPort}-tcp:127.0.0.1:${f.hostPort}`,
    ),
  ].join(',')
  return ['-netdev', netdev, '-device', 'virtio-net-pci,netdev=net0,id=nic0,romfile=']
}

function channelArguments(path: string): string[] {
  return [
    ...['-device', 'virtio-serial-pci,id=serial0'],
    ...['-chardev', `socket,id=channel,path=${escapeValue(path)},server=on,wait=off`],
    ...['-device', 'virtserialport,bus=serial0.0,chardev=channel,name=org.leasehold.run'],
  ]
}

function monitorArguments(id: string, path: string): string[] {
  return [
    ...['-chardev', `socket,id=${id},path=${escapeValue(path)},server=on,wait=off`],
    ...['-mon', `chardev=${id},mode=control`],
  ]
}

function escapeValue(text: string): string {
  return text.replaceAll(',', ',,')
}
