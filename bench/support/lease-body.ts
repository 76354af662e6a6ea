/** What is asked for again and again: the smallest machine, with one key. */
export const leaseBody = JSON.stringify({
  machineType: 'tiny',
  name: 'bench',
  sshPublicKeys: [
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2Yb2nYz0pRjGJtOxVmXkqIJ1m2sQm1yqgQ6Qk1hB3d bench',
  ],
  timeToLiveSeconds: 3_600,
  labels: { purpose: 'bench' },
})
