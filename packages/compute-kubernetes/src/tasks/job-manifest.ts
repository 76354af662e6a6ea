import type { RunOrder } from '@leasehold/application'
import type { KubeManifest, OwnerReference } from '../client/kube-object.ts'
import { annotationNames, jobName, namespaceOf, taskLabels } from '../object-names.ts'
import { containerNames, credentialKey, credentialSecretName, runPodSpec } from './run-pod.ts'
import { graceSecondsOf, localQueueName, type TaskSettings } from './task-settings.ts'

/** On a Job that may run: everything it needs is there, and its run was not destroyed before. */
export const releasedAnnotation = 'leasehold.dev/released'

/** How an agent ends that was called off before it asked for work (`NOT_BEGUN` in its `pod.py`). */
const notBegunExitCode = 75
/** Starting, pulling an image and standing in a queue may take so long; then the run's own limit begins. */
const secondsBeforeBegin = 24 * 3_600
/** For runs without a limit of their own. */
const longestRunSeconds = 30 * 24 * 3_600

/**
 * The Job of one run, suspended: `release` lets it go. It makes one pod and never a second one for the same work:
 * a pod that was taken away before its agent began is replaced, and an agent that comes after another one is
 * turned away by the run API. Pure.
 */
export function jobManifest(
  order: RunOrder,
  settings: TaskSettings,
  agentConfigMap: string,
): KubeManifest {
  const { taskId, tenantId, attempt } = order
  const labels = taskLabels({ taskId, tenantId, pool: settings.name })
  const annotations = { [annotationNames.attempt]: String(attempt) }
  const { workloadPriorityClass } = settings.tasks ?? {}
  const priority =
    settings.kueueClusterQueue === null || workloadPriorityClass === undefined
      ? {}
      : { 'kueue.x-k8s.io/priority-class': workloadPriorityClass }
  return {
    metadata: {
      name: jobName(taskId, attempt),
      namespace: namespaceOf(settings.prefix, tenantId),
      labels: { ...labels, ...priority },
      annotations,
    },
    spec: {
      suspend: true,
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [
          // An agent that had begun and could not finish: its run is lost, whatever took its pod away.
          {
            action: 'FailJob',
            onExitCodes: {
              containerName: containerNames.agent,
              operator: 'NotIn',
              values: [0, notBegunExitCode],
            },
          },
          {
            action: 'Ignore',
            onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
          },
        ],
      },
      activeDeadlineSeconds: lastWallSeconds(order, settings),
      template: {
        metadata: { labels, annotations },
        spec: runPodSpec(order, settings, agentConfigMap),
      },
    },
  }
}

/** What lets a Job go: to Kueue, which decides when, or at once. */
export function release({ kueueClusterQueue }: TaskSettings): object {
  const annotations = { [releasedAnnotation]: 'true' }
  if (kueueClusterQueue === null) return { metadata: { annotations }, spec: { suspend: false } }
  return {
    metadata: { annotations, labels: { 'kueue.x-k8s.io/queue-name': localQueueName } },
  }
}

/** The run's credential, which goes when the Job goes. */
export function credentialSecret(
  order: RunOrder,
  settings: TaskSettings,
  owner: OwnerReference,
): KubeManifest {
  const { taskId, tenantId, credential } = order
  return {
    metadata: {
      name: credentialSecretName(order),
      namespace: namespaceOf(settings.prefix, tenantId),
      labels: taskLabels({ taskId, tenantId, pool: settings.name }),
      ownerReferences: [owner],
    },
    type: 'Opaque',
    data: { [credentialKey]: Buffer.from(credential).toString('base64') },
  }
}

/** The platform ends runs at their limit; this ends what a platform that is gone for days has left. */
function lastWallSeconds({ timeLimitMs }: RunOrder, settings: TaskSettings): number {
  const limit = timeLimitMs === undefined ? longestRunSeconds : Math.ceil(timeLimitMs / 1_000)
  return limit + secondsBeforeBegin + graceSecondsOf(settings)
}
