/** How much of a cluster runs. Each has all of the one before it, except that `real` has real nodes in place of simulated ones. */
export type Level = 'control-plane' | 'simulated' | 'real'
