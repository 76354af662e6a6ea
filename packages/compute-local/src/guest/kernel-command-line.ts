import type { Acceleration } from '../qemu/qemu-arguments.ts'

/**
 * How the image's kernel is started when it has no boot loader. Quiet, since under emulation each
 * line on the console costs time. Mitigations protect against other code on the same processor, of
 * which an emulated one has none; they cost much there.
 */
export function kernelCommandLine(acceleration: Acceleration): string {
  const always = 'root=/dev/vda rw rootfstype=ext4 console=ttyS0 quiet loglevel=4'
  const shared = 'systemd.show_status=0 net.ifnames=0 random.trust_cpu=on 8250.nr_uarts=1'
  const emulated = acceleration === 'tcg' ? ' mitigations=off no_timer_check' : ''
  return `${always} ${shared}${emulated}`
}
