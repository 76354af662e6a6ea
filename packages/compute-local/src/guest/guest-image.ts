/** A disk that machines start from. It is never written: each machine has an overlay of its own. */
export type GuestImage = {
  /** Hash of what it was made from: another id is another image. */
  readonly id: string
  readonly diskPath: string
  readonly diskFormat: 'qcow2' | 'raw'
  /** What the guest sees as the size of its disk, in MiB; a machine's system disk is at least as large. */
  readonly virtualSizeMiB: number
  /** Kernel and initial file system for booting faster than by the boot loader that every disk has; null for foreign ones. */
  readonly kernel: { readonly kernelPath: string; readonly initrdPath: string } | null
  readonly hasJupyter: boolean
}
