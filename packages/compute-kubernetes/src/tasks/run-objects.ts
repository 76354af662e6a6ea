import type { TaskId } from '@leasehold/domain'
import type { KubeObject } from '../client/kube-object.ts'
import { annotationNames, numberAnnotation, runOfJob, taskIdOf } from '../object-names.ts'
import { releasedAnnotation } from './job-manifest.ts'

export type Condition = {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

/** What we read of a Job: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/ */
export type Job = KubeObject & {
  readonly spec: { readonly suspend?: boolean }
  readonly status?: { readonly conditions?: readonly Condition[] }
}

export type ContainerStatus = {
  readonly name: string
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly terminated?: {
      readonly exitCode: number
      readonly reason?: string
      readonly message?: string
    }
  }
}

export type Pod = KubeObject & {
  readonly status?: {
    readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
    /** `Evicted`, for example. */
    readonly reason?: string
    readonly message?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

/** Which run an object belongs to; null when it is none of ours. */
export function runOf(object: KubeObject): { taskId: TaskId; attempt: number } | null {
  const taskId = taskIdOf(object)
  const attempt = numberAnnotation(object, annotationNames.attempt)
  return taskId === null || attempt === null ? null : { taskId, attempt }
}

/** Whether it is the Job of that run by name too: labels can be written by anyone who may write in a namespace. */
export function isJobOfRun(job: Job, taskId: TaskId, attempt: number): boolean {
  const named = runOfJob(job.metadata.name)
  const said = runOf(job)
  return named?.taskId === taskId && named.attempt === attempt && said?.taskId === taskId
}

export function isReleased(job: Job): boolean {
  return job.metadata.annotations?.[releasedAnnotation] === 'true'
}

/** The condition, when it holds. */
export function met(
  object: { readonly status?: { readonly conditions?: readonly Condition[] } },
  type: string,
): Condition | null {
  const condition = object.status?.conditions?.find((one) => one.type === type)
  return condition?.status === 'True' ? condition : null
}

export function containersOf({ status }: Pod): readonly ContainerStatus[] {
  return status?.containerStatuses ?? []
}

/**
 * Nothing of the pod runs any more. The phase may lag behind its containers, and a pod that is being deleted has
 * not ended yet while one of them runs.
 */
export function isOver(pod: Pod): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return true
  const containers = containersOf(pod)
  return containers.length > 0 && containers.every(({ state }) => state?.terminated !== undefined)
}

/** Keeps of a Job what is read of it, so that thousands fit in memory. */
export function jobInBrief({ apiVersion, kind, metadata, spec, status }: Job): Job {
  return {
    ...named(apiVersion, kind),
    metadata: metadataInBrief(metadata),
    spec: spec.suspend === undefined ? {} : { suspend: spec.suspend },
    ...(status?.conditions === undefined ? {} : { status: { conditions: status.conditions } }),
  }
}

/** As `jobInBrief`, for pods. */
export function podInBrief({ apiVersion, kind, metadata, status = {} }: Pod): Pod {
  const { phase, reason, message, conditions, containerStatuses } = status
  return {
    ...named(apiVersion, kind),
    metadata: metadataInBrief(metadata),
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      ...(conditions === undefined ? {} : { conditions }),
      ...(containerStatuses === undefined
        ? {}
        : {
            containerStatuses: containerStatuses.map(({ name, state }) =>
              state === undefined ? { name } : { name, state },
            ),
          }),
    },
  }
}

function named(apiVersion: string | undefined, kind: string | undefined) {
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(kind === undefined ? {} : { kind }),
  }
}

function metadataInBrief(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  const { name, namespace, uid, resourceVersion, labels, annotations } = metadata
  const { creationTimestamp, deletionTimestamp } = metadata
  return {
    name,
    uid,
    resourceVersion,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  }
}
