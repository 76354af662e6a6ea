import { createHash } from 'node:crypto'
import type { Log } from '@leasehold/application'
import type { LeaseId, PoolName } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import { endedMapName, labelNames, managedBy } from '../object-names.ts'

/** Remembers, beyond the life of any object, up to which generation a lease's machines are over. */
export type GenerationFence = {
  /** The youngest generation that was ended while no machine could carry the mark; 0 when none was. */
  ended(id: LeaseId, signal: AbortSignal): Promise<number>
  /** Whether this process has raised it. */
  isRaised(id: LeaseId, generation: number): boolean
  /** From here on no order of this generation, or an older one, may start a machine. */
  raise(id: LeaseId, generation: number, signal: AbortSignal): Promise<void>
}

type Deps = {
  readonly client: KubeClient
  /** Leasehold's own namespace: tenants' namespaces come and go, and a lease id alone does not name one. */
  readonly namespace: string
  readonly pool: PoolName
  readonly now: () => number
  readonly log: Log
}

type EndedMap = KubeObject & { readonly data?: Readonly<Record<string, string>> }

const shards = 256
const dayMs = 86_400_000
/** No worker is paused for longer and goes on where it was. */
const keptDays = 7
const remembered = 20_000

/**
 * Keeps the fences as entries `<lease>.<generation>: <day>` of some ConfigMaps. Entries are only ever added, so one
 * merge patch raises a fence, with nothing to read before and nothing to lose when two do it at once.
 */
export function makeGenerationFence(deps: Deps): GenerationFence {
  const { client, now, log } = deps
  const raised = new Map<LeaseId, number>()
  let prunedOn = Number.NEGATIVE_INFINITY

  const isRaised = (id: LeaseId, generation: number) => (raised.get(id) ?? 0) >= generation
  const remember = (id: LeaseId, generation: number) => {
    raised.delete(id)
    raised.set(id, generation)
    const [oldest] = raised.keys()
    if (raised.size > remembered && oldest !== undefined) raised.delete(oldest)
  }
  const pruneOnceADay = (signal: AbortSignal) => {
    if (now() - prunedOn < dayMs) return
    prunedOn = now()
    prune(deps, signal).catch((error: unknown) =>
      log.warn({ pool: deps.pool, err: error }, 'old fences of machines could not be removed'),
    )
  }
  return {
    async ended(id, signal) {
      const known = raised.get(id) ?? 0
      const map = await client.get<EndedMap>(refOf(deps, id), signal)
      return Math.max(known, ...generationsIn(map, id))
    },
    isRaised,
    async raise(id, generation, signal) {
      if (isRaised(id, generation)) return
      const data = { [`${id}.${generation}`]: dayOf(now()) }
      await write(deps, id, data, signal)
      remember(id, generation)
      pruneOnceADay(signal)
    },
  }
}

async function write(
  deps: Deps,
  id: LeaseId,
  data: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const { client } = deps
  const ref = refOf(deps, id)
  try {
    await client.mergePatch(ref, { data }, signal)
    return
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error
  }
  const labels = labelsOf(deps.pool)
  const metadata = { namespace: deps.namespace, name: ref.name, labels }
  try {
    await client.create(kinds.configMaps, { metadata, data }, signal)
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error
    await client.mergePatch(ref, { data }, signal)
  }
}

function refOf({ namespace, pool }: Deps, id: LeaseId): ObjectRef {
  const shard = createHash('sha256').update(id).digest().readUInt8(0) % shards
  return { kind: kinds.configMaps, namespace, name: endedMapName(pool, shard) }
}

function labelsOf(pool: PoolName): Record<string, string> {
  return {
    [labelNames.managedBy]: managedBy,
    [labelNames.pool]: pool,
    [labelNames.role]: 'ended-machines',
  }
}

function generationsIn(map: EndedMap | null, id: LeaseId): readonly number[] {
  return Object.keys(map?.data ?? {})
    .filter((key) => key.startsWith(`${id}.`))
    .map((key) => Number(key.slice(id.length + 1)))
    .filter(Number.isSafeInteger)
}

function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10)
}

/** One request for each map with something old in it, once a day. */
async function prune({ client, namespace, pool, now }: Deps, signal: AbortSignal): Promise<void> {
  const labelSelector = Object.entries(labelsOf(pool))
    .map(([name, value]) => `${name}=${value}`)
    .join(',')
  const { items } = await client.list<EndedMap>(
    kinds.configMaps,
    { namespace, labelSelector },
    signal,
  )
  const oldest = dayOf(now() - keptDays * dayMs)
  for (const { metadata, data = {} } of items) {
    const old = Object.entries(data).filter(([, day]) => day < oldest)
    if (old.length === 0) continue
    const ref = { kind: kinds.configMaps, namespace, name: metadata.name }
    await client.mergePatch(
      ref,
      { data: Object.fromEntries(old.map(([key]) => [key, null])) },
      signal,
    )
  }
}
