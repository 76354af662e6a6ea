import type { MachineObstacle } from '@leasehold/domain'

/**
 * The scheduler's sentence in our words: `0/4 nodes are available: 3 Insufficient nvidia.com/X, 1 node(s) had
 * untolerated taint(s). preemption: …` (kubernetes `framework.FitError`). Storage that no node has is another matter
 * than room.
 */
export function roomObstacle(
  message: string,
  gpuTypeOf: (resourceName: string) => string | null,
): MachineObstacle {
  if (/PersistentVolumeClaim|unbound immediate|volume node affinity|storage/i.test(message))
    return { code: 'storage-missing', detail: 'No computer of the pool can reach its disks.' }
  const parts = /0\/(\d+) nodes are available: (.*?)(?:\. |\.?$)/s.exec(message)
  if (parts === null) return { code: 'no-room', detail: 'No computer of the pool has room for it.' }
  const [, count, causes = ''] = parts
  const words = causes
    .split(', ')
    .map((cause) => inWords(cause, gpuTypeOf))
    .join('; ')
  return { code: 'no-room', detail: `None of ${count} computers has room for it: ${words}.` }
}

const causesInWords: readonly (readonly [RegExp, string])[] = [
  [/untolerated taint/, 'are set apart for other uses'],
  [/didn't match Pod's node affinity|node selector/, 'are not of the kind it asks for'],
  [
    /didn't match pod anti-affinity|didn't satisfy existing pods anti-affinity/,
    'hold a machine it must stand apart from',
  ],
  [/unschedulable/, 'take no machines just now'],
  [/not ready|unreachable/, 'do not answer'],
  [/Too many pods/, 'hold as many machines as they can'],
]

function inWords(cause: string, gpuTypeOf: (resourceName: string) => string | null): string {
  const count = /^\d+/.exec(cause)?.[0] ?? 'some'
  const resource = /Insufficient (\S+)/.exec(cause)?.[1]
  if (resource !== undefined)
    return `${count} have too little ${gpuTypeOf(resource) ?? resource} left`
  const words = causesInWords.find(([pattern]) => pattern.test(cause))?.[1]
  return `${count} ${words ?? 'do not fit'}`
}
