import type { DebianRecipe } from '../images/debian-layer.ts'

/** libvirt numbers the user that runs machines; KubeVirt expects this one. */
const qemuUser = 107

/** What KubeVirt's image has from a distribution, made to look as KubeVirt expects. */
export const launcherRoot: DebianRecipe = {
  name: 'kubevirt',
  suite: 'bookworm',
  packages: [
    ...['libvirt-daemon', 'libvirt-clients', 'qemu-system-x86', 'qemu-utils', 'seabios'],
    ...['nftables', 'iproute2', 'ethtool', 'socat', 'netcat-openbsd', 'procps', 'util-linux'],
    ...['mount', 'xorriso', 'genisoimage', 'e2fsprogs', 'acl', 'libcap2-bin'],
  ],
  finish: finishScript(),
}

function finishScript(): string {
  return [
    'cd "$1"',
    `sed -i '/:${qemuUser}:/d' etc/passwd etc/group`,
    `echo 'qemu:x:${qemuUser}:${qemuUser}::/home/qemu:/bin/bash' >> etc/passwd`,
    `echo 'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin' >> etc/passwd`,
    `printf 'qemu:x:${qemuUser}:\\nlibvirt-qemu:x:64055:\\nlibvirt:x:64056:\\nkvm:x:64057:\\n' >> etc/group`,
    'mkdir -p usr/libexec usr/lib64/qemu-kvm etc/libvirt/hooks var/lib/kubevirt-node-labeller',
    'mkdir -p var/cache/libvirt var/lib/libvirt/qemu home/qemu',
    `chown ${qemuUser}:${qemuUser} home/qemu`,
    // One libvirt daemon only; KubeVirt looks for the modular one's process and socket.
    'mv usr/sbin/libvirtd usr/libexec/virtqemud',
    ...writeProgram('usr/sbin/virtqemud', [
      'mkdir -p /var/run/libvirt',
      'ln -sfn libvirt-sock /var/run/libvirt/virtqemud-sock',
      'exec /usr/libexec/virtqemud "$@"',
    ]),
    ...['network', 'nwfilter', 'interface', 'nodedev'].map(
      (driver) => `rm -f usr/lib/*/libvirt/connection-driver/libvirt_driver_${driver}.so`,
    ),
    // The cache of translated code may take a GiB that KubeVirt's memory limit knows nothing of.
    'mv usr/bin/qemu-system-x86_64 usr/libexec/qemu-system-x86_64',
    ...writeProgram('usr/bin/qemu-system-x86_64', [
      'for word; do shift; [ "$word" = tcg ] && word=tcg,tb-size=128; set -- "$@" "$word"; done',
      'exec /usr/libexec/qemu-system-x86_64 "$@"',
    ]),
    'rm -rf var/run && ln -s ../run var/run',
    'touch etc/libvirt/virtlogd.conf',
    // libvirt refuses to start without one; machines do not see it.
    'echo 4c65617365686f6c64206c61756e6368 > etc/machine-id',
  ].join('\n')
}

function writeProgram(file: string, lines: readonly string[]): readonly string[] {
  return [`cat > ${file} <<'END'`, '#!/bin/sh', ...lines, 'END', `chmod 755 ${file}`]
}
