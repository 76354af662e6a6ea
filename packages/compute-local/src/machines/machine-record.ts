import type { ImageName, LeaseId, MachineShape, TenantId } from '@leasehold/domain'
import type { GuestImage } from '../guest/guest-image.ts'
import type { MachinePorts } from '../port-forwards.ts'

/**
 * What was last begun with a machine. Written before the deed, so that whoever reads it after a
 * crash knows what may be half done; whether QEMU runs is asked of the system, never of this.
 */
export type MachinePhase = 'starting' | 'running' | 'stopping' | 'destroying' | 'refused'

/** All that a driver must remember of one lease's machine, stored in its folder. Holds no secrets. */
export type MachineRecord = {
  readonly leaseId: LeaseId
  readonly tenantId: TenantId
  readonly generation: number
  readonly phase: MachinePhase
  readonly shape: MachineShape
  readonly image: ImageName
  /**
   * What the system disk is an overlay of; null before there is one. A newer image under the same
   * name has another kernel than the one whose modules are on this disk.
   */
  readonly base: GuestImage | null
  /** Null until ports were chosen the first time; then remembered over stops. */
  readonly ports: MachinePorts | null
  /** Why it can never run here; only with phase `refused`. */
  readonly refusal: string | null
}

/** The record in a text, or null when the text is not one. Pure. */
export function parseMachineRecord(text: string): MachineRecord | null {
  const value = parseObject(text)
  if (value === null) return null
  const phases: readonly unknown[] = ['starting', 'running', 'stopping', 'destroying', 'refused']
  const isRecord =
    typeof value.leaseId === 'string' &&
    typeof value.tenantId === 'string' &&
    Number.isSafeInteger(value.generation) &&
    phases.includes(value.phase) &&
    typeof value.image === 'string' &&
    isShape(value.shape) &&
    isBase(value.base) &&
    isPorts(value.ports) &&
    (value.refusal === null || typeof value.refusal === 'string')
  return isRecord ? (value as MachineRecord) : null
}

function isShape(value: unknown): boolean {
  const shape = value as MachineShape | null
  return (
    Number.isFinite(shape?.memoryMiB) &&
    Number.isFinite(shape?.cpu?.sockets) &&
    Array.isArray(shape?.disks) &&
    Array.isArray(shape?.gpus)
  )
}

function isBase(value: unknown): boolean {
  if (value === null) return true
  const base = value as GuestImage | undefined
  return typeof base?.diskPath === 'string' && Number.isFinite(base.virtualSizeMiB)
}

function isPorts(value: unknown): boolean {
  if (value === null) return true
  const ports = value as MachinePorts | undefined
  return (
    Number.isInteger(ports?.ssh) && (ports?.jupyter === null || Number.isInteger(ports?.jupyter))
  )
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
