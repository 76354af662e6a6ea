import type { Clock, HeldRun, Log, TaskDriver } from '@leasehold/application'
import { readAgentFiles } from '@leasehold/guest'
import type { KubeClient } from '../client/kube-client.ts'
import { lookLive, openRunCaches, type RunRemains } from './run-caches.ts'
import { makeRunDestroyer } from './run-destroyer.ts'
import { makeRunInspector } from './run-inspector.ts'
import { makeRunNotes } from './run-notes.ts'
import { runOf } from './run-objects.ts'
import { makeRunStarter } from './run-starter.ts'
import type { TaskSettings } from './task-settings.ts'
import { makeFindWaitingReason } from './waiting-reasons.ts'

export type JobTaskDriverOptions = {
  /** Stays its owner's: `close` lets go of the watches and leaves the client open. */
  readonly client: KubeClient
  readonly settings: TaskSettings
  readonly log: Log
  readonly clock: Clock
}

/**
 * Runs every attempt of a task as a Job with one pod in its tenant's namespace. All that is known lies in the
 * cluster, so any number of workers may each open one. Watches begin at once; until they have caught up, runs
 * are `unknown`.
 */
export async function openJobTaskDriver(options: JobTaskDriverOptions): Promise<TaskDriver> {
  const { client, settings, log, clock } = options
  const agent = await readAgentFiles()
  const caches = openRunCaches(client, settings.name)
  const notes = makeRunNotes(client, settings, clock)
  const destroyRun = makeRunDestroyer({ client, settings, caches, notes })
  const startRun = makeRunStarter({ client, settings, notes, agent, destroyRun })
  const findWaitingReason = makeFindWaitingReason(client)
  return {
    kind: 'kubernetes',
    startRun,
    destroyRun: async (id, attempt, signal) => {
      await destroyRun(id, attempt, signal)
      // That this fails is no reason for anything else to fail.
      await notes
        .sweep(signal)
        .catch((error) => log.warn({ err: error }, 'notes of old runs were not swept'))
    },
    inspectRun: makeRunInspector({ client, settings, caches, notes, findWaitingReason, log }),
    listRuns: async (signal) => {
      const isKnown = caches.isFresh()
      return heldIn(
        isKnown ? caches.all() : await lookLive(client, settings.name, undefined, signal),
      )
    },
    watch: caches.listen,
    close: async () => caches.close(),
  }
}

/** Every attempt of which a Job or a pod is left. */
function heldIn({ jobs, pods }: RunRemains): readonly HeldRun[] {
  const held = new Map<string, HeldRun>()
  for (const object of [...jobs, ...pods]) {
    const run = runOf(object)
    if (run !== null) held.set(`${run.taskId}/${run.attempt}`, run)
  }
  return [...held.values()]
}
