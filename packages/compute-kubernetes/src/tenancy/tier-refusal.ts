import type { MachineShape, Tier } from '@leasehold/domain'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { tierRules } from './tier-rules.ts'

/**
 * Why machines of this shape are not given to tenants of a tier here, in words for the renter; null when they are. The
 * first wall; the second is the tier's admission policy (`machine-rules.ts`), which goes by the same rules. Pure.
 */
export function tierRefusal(
  tier: Tier,
  { cpu, memory = {}, critical = false, placement = {} }: MachineShape,
  { tiers }: Pick<KubernetesPoolSettings, 'tiers'>,
): string | null {
  const rules = tierRules(tier, tiers)
  const here = `for tenants of the tier ${tier} in this pool`
  const shares = [
    ['CPUs', cpu.overcommitPercent ?? 100, rules.cpuOvercommitPercent],
    ['memory', memory.overcommitPercent ?? 100, rules.memoryOvercommitPercent],
  ] as const
  for (const [what, asked, most] of shares)
    if (asked > most)
      return `${what} overcommitted to ${asked} % are not ${here}: at most ${most} %. Choose a machine type with less overcommit.`
  if (cpu.dedicated !== undefined && !rules.dedicatedCpus)
    return `CPUs of its own are not ${here}. Choose a machine type with shared CPUs.`
  if (critical && rules.criticalNeedsDedicatedCpus && cpu.dedicated === undefined)
    return `A critical machine has CPUs of its own ${here}. Choose a machine type with dedicated CPUs.`
  const lacks = Object.entries(rules.nodeLabels).filter(
    ([name, value]) => placement.nodeLabels?.[name] !== value,
  )
  if (lacks.length === 0) return null
  const labels = lacks.map(([name, value]) => `${name}=${value}`).join(', ')
  return `Machines ${here} stand on nodes of their own, labelled ${labels}. Choose a machine type that asks for them.`
}
