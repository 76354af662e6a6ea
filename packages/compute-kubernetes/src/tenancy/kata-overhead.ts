/**
 * What RuntimeClass `kata-qemu` (kata-deploy) counts for the virtual machine around a pod (`overhead.podFixed`), beside
 * what its containers ask for: by the scheduler on a node, and in the tenant's quota.
 */
export const kataOverhead = { milliCpu: 250, memoryMiB: 320 }
