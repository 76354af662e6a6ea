import { type RunOrder, StaleGeneration } from '@leasehold/application'
import type { AgentFiles } from '@leasehold/guest'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError, KubeError } from '../client/kube-error.ts'
import type { ObjectRef } from '../client/kube-object.ts'
import { jobName, namespaceOf } from '../object-names.ts'
import { agentConfigMap, agentConfigMapName } from './agent-config-map.ts'
import { told } from './cluster-words.ts'
import { credentialSecret, jobManifest, release } from './job-manifest.ts'
import { runSelector } from './run-caches.ts'
import type { DestroyRun } from './run-destroyer.ts'
import type { RunNotes } from './run-notes.ts'
import { isReleased, type Job, runOf } from './run-objects.ts'
import { runRefusal } from './run-refusal.ts'
import type { TaskSettings } from './task-settings.ts'

export type StartRun = (order: RunOrder, signal: AbortSignal) => Promise<void>

export type RunStarterParts = {
  readonly client: KubeClient
  readonly settings: TaskSettings
  readonly notes: RunNotes
  readonly agent: AgentFiles
  readonly destroyRun: DestroyRun
}

/**
 * Starts runs, each once. A Job is made suspended, then its Secret, and only then is the note of destroyed runs
 * read again and the Job let go. Whoever destroys writes the note first and looks for Jobs after: so either they
 * see the Job or we see the note, and at whatever point a worker dies, a run that was destroyed never starts.
 */
export function makeRunStarter(parts: RunStarterParts): StartRun {
  const { client, settings, notes, destroyRun } = parts
  const ensureAgent = makeEnsureAgent(parts)
  return async (order, signal) => {
    const { taskId, attempt } = order
    const note = await notes.read(taskId, signal)
    if (note.endedAttempt >= attempt || note.refusal?.attempt === attempt) return
    if (note.refusal !== null && note.refusal.attempt > attempt)
      throw new StaleGeneration(taskId, attempt, note.refusal.attempt)
    const refusal = runRefusal(order, settings)
    if (refusal !== null) return notes.refuse(taskId, attempt, refusal, signal)

    const known = await youngestAttempt(parts, order, signal)
    if (known > attempt) throw new StaleGeneration(taskId, attempt, known)
    if (known > 0 && known < attempt) await destroyRun(taskId, attempt - 1, signal)

    const job = await ensureJob(parts, order, signal)
    if (job === null || isReleased(job) || job.metadata.deletionTimestamp !== undefined) return
    await ensureAgent(job.metadata.namespace ?? '', signal)
    await client.apply(kinds.secrets, credentialSecret(order, settings, ownedBy(job)), signal)
    const { endedAttempt } = await notes.read(taskId, signal)
    if (endedAttempt >= attempt) return removeJob(client, job, signal)
    await letGo(parts, job, signal)
  }
}

/** 0: there is no Job of this task. */
async function youngestAttempt(
  { client, settings }: RunStarterParts,
  { taskId, tenantId }: RunOrder,
  signal: AbortSignal,
): Promise<number> {
  const selection = {
    namespace: namespaceOf(settings.prefix, tenantId),
    labelSelector: runSelector(settings.name, taskId),
  }
  const { items } = await client.list<Job>(kinds.jobs, selection, signal)
  return Math.max(0, ...items.map((job) => runOf(job)?.attempt ?? 0))
}

/** Null when the cluster will never take it; that is noted for the renter then. */
async function ensureJob(
  { client, settings, notes, agent }: RunStarterParts,
  order: RunOrder,
  signal: AbortSignal,
): Promise<Job | null> {
  const manifest = jobManifest(order, settings, agentConfigMapName(agent))
  try {
    return await client.create<Job>(kinds.jobs, manifest, signal)
  } catch (error) {
    if (isKubeError(error, 'AlreadyExists'))
      return client.get<Job>(refOfRun(order, settings), signal)
    if (!isForGood(error)) throw error
    const detail = `The cluster does not take it: ${told(error.message) ?? error.reason}.`
    await notes.refuse(order.taskId, order.attempt, detail, signal)
    return null
  }
}

/** Whether the same Job would be refused again, unless the operator changes the cluster. */
function isForGood(error: unknown): error is KubeError {
  if (!(error instanceof KubeError)) return false
  if (error.reason === 'Invalid') return true
  return error.reason === 'Forbidden' && /denied (?:the )?request/i.test(error.message)
}

async function letGo(
  { client, settings }: RunStarterParts,
  { metadata: { name, namespace = '' } }: Job,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.mergePatch({ kind: kinds.jobs, namespace, name }, release(settings), signal)
  } catch (error) {
    // It was destroyed a moment ago.
    if (!isKubeError(error, 'NotFound')) throw error
  }
}

async function removeJob(client: KubeClient, job: Job, signal: AbortSignal): Promise<void> {
  const { name, namespace = '', uid } = job.metadata
  await client.delete({ kind: kinds.jobs, namespace, name }, signal, { uid })
}

function refOfRun({ taskId, tenantId, attempt }: RunOrder, settings: TaskSettings): ObjectRef {
  return {
    kind: kinds.jobs,
    namespace: namespaceOf(settings.prefix, tenantId),
    name: jobName(taskId, attempt),
  }
}

function ownedBy({ metadata: { name, uid } }: Job) {
  return { apiVersion: 'batch/v1', kind: 'Job', name, uid }
}

/** The agent's code is put into a namespace once; should someone remove it there, later runs bring it back. */
const agentKnownMs = 300_000

function makeEnsureAgent({ client, agent }: RunStarterParts) {
  const knownUntil = new Map<string, number>()
  return async (namespace: string, signal: AbortSignal): Promise<void> => {
    if ((knownUntil.get(namespace) ?? 0) > performance.now()) return
    const name = agentConfigMapName(agent)
    const known = await client.get({ kind: kinds.configMaps, namespace, name }, signal)
    if (known === null)
      await client
        .create(kinds.configMaps, agentConfigMap(agent, namespace), signal)
        .catch((error) => {
          if (!isKubeError(error, 'AlreadyExists')) throw error
        })
    knownUntil.set(namespace, performance.now() + agentKnownMs)
  }
}
