import { guestJupyterPort, guestSshPort } from '@leasehold/guest'
import type { GuestImage } from '../guest/guest-image.ts'
import { kernelCommandLine } from '../guest/kernel-command-line.ts'
import type { MachinePorts } from '../port-forwards.ts'
import type { Acceleration, QemuPlan } from '../qemu/qemu-arguments.ts'
import type { MachineFiles } from './machine-directory.ts'
import type { MachineRecord } from './machine-record.ts'

/** The QEMU of a lease's machine. It may open connections to the outside, as a renter expects. Pure. */
export function machinePlan(
  record: MachineRecord,
  ports: MachinePorts,
  image: GuestImage,
  acceleration: Acceleration,
  files: MachineFiles,
): QemuPlan {
  const { shape } = record
  return {
    name: record.leaseId,
    acceleration,
    cpu: shape.cpu,
    memoryMiB: shape.memoryMiB,
    kernel:
      image.kernel === null
        ? null
        : { ...image.kernel, commandLine: kernelCommandLine(acceleration) },
    disks: shape.disks.map((disk, index) => ({
      path: files.diskPath(index),
      format: 'qcow2',
      readOnly: false,
      serial: index === 0 ? 'system' : `${disk.role}-${index}`,
    })),
    seedPath: files.seedPath,
    forwards: [
      { hostPort: ports.ssh, guestPort: guestSshPort },
      ...(ports.jupyter === null ? [] : [{ hostPort: ports.jupyter, guestPort: guestJupyterPort }]),
    ],
    network: 'outside',
    guestForwards: [],
    pidFilePath: files.pidFilePath,
    qmpSocketPath: files.qmpSocketPath,
    watchSocketPath: files.watchSocketPath,
    channelSocketPath: null,
    incoming: null,
    mayStartPrograms: false,
  }
}
