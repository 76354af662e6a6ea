import type { Instant } from '../shared/instant.ts'

/** Why a machine that was ordered does not come up yet. The pool keeps trying; the boot deadline holds. */
export const machineObstacles = [
  'no-room',
  'over-pool-quota',
  'gpu-not-permitted',
  'storage-missing',
  'image-missing',
  'node-lost',
  'pool-degraded',
] as const
export type MachineObstacleCode = (typeof machineObstacles)[number]
export type MachineObstacle = {
  readonly code: MachineObstacleCode
  /** What is in the way and what to do, in words for the renter, without the pool's inner names. */
  readonly detail: string
}

/** An obstacle as it is kept with a lease. */
export type NotedObstacle = MachineObstacle & {
  /** When an obstacle of this kind was first seen. */
  readonly since: Instant
  /** When these words were noted. */
  readonly notedAt: Instant
}

/** What a renter can do about each kind. A new kind does not compile until it has advice. */
export const obstacleAdvice = {
  'no-room':
    'Wait: it starts as soon as there is room. Or release it and ask for a smaller machine, or in another pool.',
  'over-pool-quota': 'Release machines you do not need, or ask the operator to raise your quota.',
  'gpu-not-permitted':
    'Release it and ask for another machine type; the operator has to permit this GPU in the pool.',
  'storage-missing': 'Tell the operator: the pool lacks the storage this machine type asks for.',
  'image-missing': 'Release it and ask with another image, or tell the operator to provide it.',
  'node-lost': 'Wait: the pool looks for another place. Stop and start it if that takes too long.',
  'pool-degraded': 'Wait: the pool is being repaired. Or ask for a machine in another pool.',
} as const satisfies Record<MachineObstacleCode, string>

/** Words of an obstacle that change all the time (numbers of what is free) are written down this often. */
const renewMs = 30_000

/**
 * What a lease should say about `seen`, given what it says now. The same object as `noted` when nothing has
 * to be written: a new kind, or its end, is noted at once, new words for the same kind every half a minute.
 */
export function noteObstacle(
  noted: NotedObstacle | null,
  seen: MachineObstacle | null,
  now: Instant,
): NotedObstacle | null {
  if (seen === null) return null
  if (noted?.code !== seen.code) return { ...seen, since: now, notedAt: now }
  if (noted.detail === seen.detail || now - noted.notedAt < renewMs) return noted
  return { ...seen, since: noted.since, notedAt: now }
}

/** One line that keeps the code: `no-room: 3 GPUs are free, but no node has 2`. */
export function obstacleLine({ code, detail }: MachineObstacle): string {
  return `${code}: ${detail}`
}
