import type { Clock } from '@leasehold/application'
import type { TaskId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { KubeObject } from '../client/kube-object.ts'
import {
  annotationNames,
  labelNames,
  managedBy,
  managedSelector,
  nameOfId,
  numberAnnotation,
} from '../object-names.ts'
import type { TaskSettings } from './task-settings.ts'

/** What must be known of a task's runs when nothing else of them is left. */
export type RunNote = {
  /** The youngest attempt that was destroyed; 0: none. Neither it nor an older one starts again. */
  readonly endedAttempt: number
  /** An attempt that can never run here, and why, for the renter. */
  readonly refusal: { readonly attempt: number; readonly detail: string } | null
}

/** The notes, one ConfigMap per task in Leasehold's own namespace, where no tenant reaches. */
export type RunNotes = {
  read(id: TaskId, signal: AbortSignal): Promise<RunNote>
  markEnded(id: TaskId, attempt: number, signal: AbortSignal): Promise<void>
  refuse(id: TaskId, attempt: number, detail: string, signal: AbortSignal): Promise<void>
  /** Removes a few notes of runs that ended long ago. Called once per run it keeps up with what is written. */
  sweep(signal: AbortSignal): Promise<void>
}

const refusalAnnotation = 'leasehold.dev/refusal'
const noteRole = 'run-note'
/** The UTC day on which a note was last written. */
const endedOnLabel = 'leasehold.dev/ended-on'
const nothing: RunNote = { endedAttempt: 0, refusal: null }
/** No worker still holds an order that is a day old. */
const keptDays = 1
const dayMs = 24 * 3_600_000
const lookForOldEveryMs = 3_600_000
/** More than one is written per run, so that what has gathered goes too. */
const sweptPerRun = 2
/** Others write the same note at the same moment only a few times. */
const mostTries = 10

export function makeRunNotes(
  client: KubeClient,
  { systemNamespace, name: pool }: Pick<TaskSettings, 'systemNamespace' | 'name'>,
  clock: Clock,
): RunNotes {
  const refOf = (id: TaskId) => ({
    kind: kinds.configMaps,
    namespace: systemNamespace,
    name: `${nameOfId(id)}-run`,
  })
  const labels = { [labelNames.managedBy]: managedBy, [labelNames.pool]: pool }
  const today = () => dayOf(clock.now())

  const write = async (
    id: TaskId,
    note: RunNote,
    known: KubeObject | null,
    signal: AbortSignal,
  ) => {
    const metadata = {
      labels: {
        ...labels,
        [labelNames.task]: id,
        [labelNames.role]: noteRole,
        [endedOnLabel]: today(),
      },
      annotations: annotationsOf(note),
    }
    const ref = refOf(id)
    if (known !== null) {
      const { resourceVersion } = known.metadata
      await client.mergePatch(ref, { metadata }, signal, { resourceVersion })
      return
    }
    const { name, namespace } = ref
    const present = Object.entries(metadata.annotations).filter((pair) => pair[1] !== null)
    const annotations = Object.fromEntries(present) as Record<string, string>
    await client.create(
      ref.kind,
      { metadata: { ...metadata, name, namespace, annotations } },
      signal,
    )
  }

  /** Reads, decides and writes until nobody was in between. `next` answers null when there is nothing to write. */
  const change = async (
    id: TaskId,
    next: (note: RunNote) => RunNote | null,
    signal: AbortSignal,
  ): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const known = await client.get(refOf(id), signal)
      const wanted = next(noteFrom(known))
      if (wanted === null) return
      try {
        return await write(id, wanted, known, signal)
      } catch (error) {
        const wasRaced = ['AlreadyExists', 'Conflict', 'NotFound'].some((reason) =>
          isKubeError(error, reason),
        )
        // A missing namespace is NotFound too, and stays missing.
        if (!wasRaced || attempt === mostTries) throw error
      }
    }
  }

  return {
    read: async (id, signal) => noteFrom(await client.get(refOf(id), signal)),
    markEnded: (id, attempt, signal) =>
      change(
        id,
        (note) =>
          note.endedAttempt >= attempt
            ? null
            : {
                endedAttempt: attempt,
                refusal: (note.refusal?.attempt ?? 0) > attempt ? note.refusal : null,
              },
        signal,
      ),
    refuse: (id, attempt, detail, signal) =>
      change(
        id,
        (note) => {
          const isOver = note.endedAttempt >= attempt
          const isKnown = (note.refusal?.attempt ?? 0) >= attempt
          return isOver || isKnown ? null : { ...note, refusal: { attempt, detail } }
        },
        signal,
      ),
    sweep: makeSweep(client, { systemNamespace, name: pool }, clock),
  }
}

/** Looks for old notes now and then, and removes them beside the day's work. */
function makeSweep(
  client: KubeClient,
  { systemNamespace: namespace, name: pool }: Pick<TaskSettings, 'systemNamespace' | 'name'>,
  clock: Clock,
): RunNotes['sweep'] {
  const labelSelector = `${managedSelector},${labelNames.pool}=${pool},${labelNames.role}=${noteRole}`
  let lookAt = 0
  let old: KubeObject[] = []
  return async (signal) => {
    if (performance.now() >= lookAt) {
      lookAt = performance.now() + lookForOldEveryMs
      const selection = { namespace, labelSelector }
      const { items } = await client.list<KubeObject>(kinds.configMaps, selection, signal)
      const oldest = dayOf(clock.now() - keptDays * dayMs)
      old = items.filter(({ metadata }) => (metadata.labels?.[endedOnLabel] ?? oldest) < oldest)
    }
    for (const { metadata } of old.splice(0, sweptPerRun)) {
      const { name, uid } = metadata
      await client.delete({ kind: kinds.configMaps, namespace, name }, signal, { uid })
    }
  }
}

/** The UTC day, as a label can hold it and as it sorts. */
function dayOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10)
}

function noteFrom(object: KubeObject | null): RunNote {
  if (object === null) return nothing
  const attempt = numberAnnotation(object, annotationNames.attempt)
  const detail = object.metadata.annotations?.[refusalAnnotation]
  return {
    endedAttempt: numberAnnotation(object, annotationNames.endedGeneration) ?? 0,
    refusal: attempt === null || detail === undefined ? null : { attempt, detail },
  }
}

function annotationsOf({ endedAttempt, refusal }: RunNote): Record<string, string | null> {
  return {
    [annotationNames.endedGeneration]: String(endedAttempt),
    [annotationNames.attempt]: refusal === null ? null : String(refusal.attempt),
    [refusalAnnotation]: refusal?.detail ?? null,
  }
}
