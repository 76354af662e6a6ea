import { findServicesPrerequisites } from '../../test/services/start-services.ts'

/** One stage of `npm test`. `limitMs` ends a stage that hangs; what it had not reported counts as failed. */
export type Stage = {
  readonly name: string
  readonly about: string
  readonly limitMs: number
  /** The stage before it, beside which it runs: both wait for most of their time. */
  readonly beside?: string
  /** Runs servers from Debian packages; they are installed before it where that is possible. */
  readonly usesServices?: boolean
  /** Says why it cannot run on this computer, or null; it is shown as skipped then. */
  readonly findObstacle?: () => Promise<string | null>
} & (
  | { readonly kind: 'checks'; readonly tasks: readonly string[] }
  | { readonly kind: 'vitest'; readonly project: string }
)

const minute = 60_000

export const stages: readonly Stage[] = [
  {
    name: 'check',
    about: 'format, lint, types, boundaries, dead code, unit tests',
    limitMs: 10 * minute,
    kind: 'checks',
    tasks: [
      ...['//#format', '//#lint', '//#types', '//#boundaries', '//#deadcode', '//#migrations'],
      '//#unit',
    ],
  },
  {
    name: 'integration',
    about: 'every adapter against its real counterpart',
    limitMs: 65 * minute,
    usesServices: true,
    kind: 'vitest',
    project: 'integration',
  },
  {
    name: 'cluster',
    about: 'the pool on Kubernetes, on a real cluster that is started for it',
    // Go programs are built for it the first time: about 20 minutes of a core.
    limitMs: 65 * minute,
    beside: 'integration',
    kind: 'vitest',
    project: 'cluster',
  },
  {
    name: 'acceptance',
    about: 'the running product over HTTP, SSH and WebSocket, as a client',
    limitMs: 30 * minute,
    kind: 'vitest',
    project: 'acceptance',
  },
  {
    name: 'acceptance-services',
    about: 'the same product on Keycloak, Redis, MinIO and PostgreSQL 15',
    limitMs: 30 * minute,
    usesServices: true,
    findObstacle: findServicesPrerequisites,
    kind: 'vitest',
    project: 'acceptance-services',
  },
  {
    name: 'crash',
    about: 'the platform killed at random points, then started again',
    limitMs: 20 * minute,
    kind: 'vitest',
    project: 'crash',
  },
  {
    name: 'crash-services',
    about: 'outages and kills on Keycloak, Redis, MinIO and PostgreSQL 15',
    limitMs: 20 * minute,
    beside: 'crash',
    usesServices: true,
    findObstacle: findServicesPrerequisites,
    kind: 'vitest',
    project: 'crash-services',
  },
]

/** Those that run at the same time, group by group. */
export function groupStages(chosen: readonly Stage[]): readonly (readonly Stage[])[] {
  const groups: Stage[][] = []
  for (const stage of chosen) {
    const last = groups.at(-1)
    if (stage.beside !== undefined && last?.[0]?.name === stage.beside) last.push(stage)
    else groups.push([stage])
  }
  return groups
}
