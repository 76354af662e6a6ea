/**
 * How far a run is kept from its neighbours, weakest first: a container shares the kernel of its node, `kata` is a
 * container with a kernel of its own, `vm` a whole machine.
 */
export const taskIsolations = ['container', 'kata', 'vm'] as const
export type TaskIsolation = (typeof taskIsolations)[number]

/**
 * What a pool of containers offers, the one that is usual there first. Isolation protects the neighbours from the
 * task, so nobody may ask for less than is usual; more may be asked where the pool has it.
 */
export function containerIsolations(
  hasKata: boolean,
  usual: 'container' | 'kata' = hasKata ? 'kata' : 'container',
): readonly TaskIsolation[] {
  if (usual === 'kata') return hasKata ? ['kata'] : []
  return hasKata ? ['container', 'kata'] : ['container']
}
