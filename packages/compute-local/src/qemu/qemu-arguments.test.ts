import { describe, expect, it } from 'vitest'
import { type QemuPlan, qemuArguments } from './qemu-arguments.ts'

const plan: QemuPlan = {
  name: 'lse_1',
  acceleration: 'tcg',
  cpu: { sockets: 1, cores: 2, threads: 2, model: 'host-model' },
  memoryMiB: 2_048,
  kernel: { kernelPath: '/i/vmlinuz', initrdPath: '/i/initrd', commandLine: 'root=/dev/vda' },
  disks: [
    { path: '/m/system.qcow2', format: 'qcow2', readOnly: false, serial: 'system' },
    { path: '/m/a,b.qcow2', format: 'qcow2', readOnly: true, serial: 'data-1' },
  ],
  seedPath: '/m/seed.iso',
  forwards: [{ hostPort: 40_022, guestPort: 22 }],
  network: 'outside',
  guestForwards: [],
  pidFilePath: '/m/pid',
  qmpSocketPath: '/m/qmp',
  watchSocketPath: '/m/watch',
  channelSocketPath: null,
  incoming: null,
  mayStartPrograms: false,
}

/** The values given to an option, in order. */
function valuesOf(option: string, facts: Partial<QemuPlan> = {}): string[] {
  const args = qemuArguments({ ...plan, ...facts })
  return args.flatMap((arg, index) => (arg === option ? [args[index + 1] ?? ''] : []))
}

describe('the arguments of QEMU', () => {
  it('give the guest the sockets, cores and threads of the shape', () => {
    expect(valuesOf('-smp')).toEqual(['cpus=4,sockets=1,cores=2,threads=2'])
    expect(valuesOf('-m')).toEqual(['size=2048M'])
  })

  it.each([
    { model: 'host-passthrough', acceleration: 'kvm', cpu: /^host$/ },
    { model: 'max', acceleration: 'kvm', cpu: /^host$/ },
    { model: 'EPYC', acceleration: 'kvm', cpu: /^EPYC$/ },
    { model: 'host-passthrough', acceleration: 'tcg', cpu: /^max,/ },
    { model: 'Nehalem,-x', acceleration: 'kvm', cpu: /^Nehalem,,-x$/ },
  ] as const)('turn the model $model under $acceleration into $cpu', (row) => {
    const { acceleration } = row
    const [cpu] = valuesOf('-cpu', { acceleration, cpu: { ...plan.cpu, model: row.model } })

    expect(cpu).toMatch(row.cpu)
  })

  it('let nothing listen on other addresses than loopback', () => {
    const all = qemuArguments(plan).join('\n')

    expect(valuesOf('-netdev')).toEqual(['user,id=net0,ipv6=off,hostfwd=tcp:127.0.0.1:40022-:22'])
    expect(all).not.toMatch(/0\.0\.0\.0|-vnc|-spice|tcp::/)
    expect(all).toContain('server=on,wait=off')
  })

  it('shut a restricted guest in, but for the services it is given', () => {
    const guestForwards = [{ guestAddress: '10.0.2.100', guestPort: 80, hostPort: 8_083 }]
    const [network] = valuesOf('-netdev', { network: 'restricted', guestForwards })

    expect(network).toContain('restrict=on')
    expect(network).toContain('guestfwd=tcp:10.0.2.100:80-tcp:127.0.0.1:8083')
  })

  it('turn off what would read or start things behind our back', () => {
    const args = qemuArguments(plan)

    expect(args).toEqual(expect.arrayContaining(['-nodefaults', '-no-user-config']))
    expect(valuesOf('-display')).toEqual(['none'])
    expect(valuesOf('-sandbox')).toEqual([
      'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    ])
    expect(valuesOf('-sandbox', { mayStartPrograms: true })[0]).toContain('spawn=allow')
  })

  it('double commas in paths, so that a path cannot add an option', () => {
    const drives = valuesOf('-drive')

    expect(drives[1]).toContain('file=/m/a,,b.qcow2,format=qcow2')
    expect(drives[1]).toContain('readonly=on')
  })

  it('boot the first disk, and a kernel of ours only when there is one', () => {
    expect(valuesOf('-device')[0]).toContain('bootindex=1')
    expect(valuesOf('-kernel')).toEqual(['/i/vmlinuz'])
    expect(valuesOf('-kernel', { kernel: null })).toEqual([])
  })

  it('open the agent channel and wait for a snapshot only where asked', () => {
    expect(qemuArguments(plan).join()).not.toMatch(/virtserialport|-incoming/)
    const facts = { channelSocketPath: '/m/agent', incoming: 'defer' }

    expect(valuesOf('-incoming', facts)).toEqual(['defer'])
    expect(valuesOf('-device', facts).join()).toContain('name=org.leasehold.run')
  })
})
