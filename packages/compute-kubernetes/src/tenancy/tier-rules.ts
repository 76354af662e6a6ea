import type { Tier } from '@leasehold/domain'

/** Where a tenant's machines and tasks may go outside the cluster. Private addresses are never part of it. */
export type InternetAccess =
  | 'none'
  /** TCP 80 and 443: packages, models, data sets. */
  | 'web'
  /** Every port but TCP 25: a rented machine sends no mail on its own. */
  | 'all'

/** How strictly the machines of a tier are kept apart, and what they may be given. */
export type TierRules = {
  /** vCPUs per reserved CPU, in hundredths; 100 means that nothing is given twice. At most 150. */
  readonly cpuOvercommitPercent: number
  /** Guest memory per reserved memory, in hundredths. At most 150. */
  readonly memoryOvercommitPercent: number
  /**
   * Caps on what a machine may use, beside what is reserved for it: a quota on limits makes KubeVirt give each
   * launcher one (its vCPUs, twice its memory), which is the cgroup bound on bursts.
   */
  readonly hardLimits: boolean
  /** Machines that are marked critical must have CPUs of their own, not only full reservations. */
  readonly criticalNeedsDedicatedCpus: boolean
  /** Whether a machine may have CPUs of its own at all. */
  readonly dedicatedCpus: boolean
  readonly internet: InternetAccess
  /** `restricted` only where the KubeVirt CR gives launchers a seccomp profile; without it they are refused. */
  readonly podSecurity: 'baseline' | 'restricted'
  /** How many machines may move between nodes at once, and how big one of them may be: each is there twice. */
  readonly migration: {
    readonly parallel: number
    readonly vcpu: number
    readonly memoryMiB: number
  }
  /** Nodes kept for this tier: its machines must select them by these labels. Empty: any node. */
  readonly nodeLabels: Readonly<Record<string, string>>
}

/**
 * What the design document asks of the three kinds of namespaces: core tenants are strictly kept apart (no
 * overcommit, CPUs of their own, caps), others are relaxed for utilisation, up to 1 : 1.5.
 */
const tierDefaults: Readonly<Record<Tier, TierRules>> = {
  production: {
    cpuOvercommitPercent: 100,
    memoryOvercommitPercent: 100,
    hardLimits: true,
    criticalNeedsDedicatedCpus: true,
    dedicatedCpus: true,
    internet: 'web',
    podSecurity: 'baseline',
    migration: { parallel: 2, vcpu: 32, memoryMiB: 131_072 },
    nodeLabels: {},
  },
  test: {
    cpuOvercommitPercent: 125,
    memoryOvercommitPercent: 100,
    hardLimits: true,
    criticalNeedsDedicatedCpus: false,
    dedicatedCpus: true,
    internet: 'all',
    podSecurity: 'baseline',
    migration: { parallel: 1, vcpu: 16, memoryMiB: 65_536 },
    nodeLabels: {},
  },
  dev: {
    cpuOvercommitPercent: 150,
    memoryOvercommitPercent: 150,
    hardLimits: false,
    criticalNeedsDedicatedCpus: false,
    dedicatedCpus: false,
    internet: 'all',
    podSecurity: 'baseline',
    migration: { parallel: 0, vcpu: 0, memoryMiB: 0 },
    nodeLabels: {},
  },
}

const mostOvercommitPercent = 150

/** The rules of a tier with what the operator changed. Throws for an overcommit outside 100 to 150. */
export function tierRules(
  tier: Tier,
  changes: Readonly<Partial<Record<Tier, Partial<TierRules>>>> = {},
): TierRules {
  const rules = { ...tierDefaults[tier], ...changes[tier] }
  for (const percent of [rules.cpuOvercommitPercent, rules.memoryOvercommitPercent])
    if (!(percent >= 100 && percent <= mostOvercommitPercent))
      throw new Error(
        `Tier ${tier}: overcommit of ${percent} % is outside 100 to ${mostOvercommitPercent}. Correct the pool's settings.`,
      )
  return rules
}
