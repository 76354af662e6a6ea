import type { RunOrder } from '@leasehold/application'
import { agentGuestFolder } from '@leasehold/guest'
import { jobName } from '../object-names.ts'
import { mebibytes } from '../tenancy/quantity-text.ts'
import { runPlacement } from './run-placement.ts'
import { diskGiBOf, homeLimitMiB, runResources, sharedMemoryMiB } from './run-resources.ts'
import { graceSecondsOf, isolationOf, type TaskSettings } from './task-settings.ts'

/** Names of the two containers of a run. */
export const containerNames = { agent: 'agent', script: 'script' } as const
/** The volume that the script writes to. */
export const homeVolume = 'home'
/** Key of the credential in the run's Secret. */
export const credentialKey = 'credential'

/** Neither root nor anybody of an image: what images call 10001 does not matter. */
const userId = 10_001
const home = '/home/task'
const channel = '/run/leasehold'
const spool = '/var/spool/leasehold'
const credentialFolder = '/etc/leasehold'
const readableByGroup = 0o440

/** The Secret with a run's credential. */
export function credentialSecretName({ taskId, attempt }: RunOrder): string {
  return jobName(taskId, attempt)
}

/**
 * The pod of a run, within Pod Security's `restricted`: the agent with the credential, and beside it the script,
 * which has the image, the work folder and nothing else. `agentConfigMap` holds the agent's code.
 */
export function runPodSpec(order: RunOrder, settings: TaskSettings, agentConfigMap: string) {
  const { priorityClass, imagePullSecrets = [] } = settings.tasks ?? {}
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: graceSecondsOf(settings),
    ...(isolationOf(order, settings) === 'kata'
      ? { runtimeClassName: settings.kataRuntimeClass }
      : {}),
    ...(priorityClass === undefined ? {} : { priorityClassName: priorityClass }),
    ...(imagePullSecrets.length === 0
      ? {}
      : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: userId,
      runAsGroup: userId,
      fsGroup: userId,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...runPlacement(order, settings),
    containers: [agentContainer(order, settings), scriptContainer(order, settings)],
    volumes: volumesOf(order, agentConfigMap),
  }
}

function agentContainer(order: RunOrder, settings: TaskSettings) {
  return {
    ...inImage(order, settings, 'pod', [
      ...['--url', settings.runApiUrl, '--credential-file', `${credentialFolder}/${credentialKey}`],
      ...['--socket', `${channel}/socket`, '--work', `${home}/work`, '--spool', spool],
      ...['--disk', home, '--disk-bytes', String(diskGiBOf(order.shape) * 2 ** 30)],
    ]),
    name: containerNames.agent,
    resources: runResources(order.shape, settings).agent,
    volumeMounts: [
      agentMount,
      { name: homeVolume, mountPath: home },
      { name: 'channel', mountPath: channel },
      { name: 'spool', mountPath: spool },
      { name: 'credential', mountPath: credentialFolder, readOnly: true },
    ],
  }
}

function scriptContainer(order: RunOrder, settings: TaskSettings) {
  return {
    ...inImage(order, settings, 'runner', ['--socket', `${channel}/socket`]),
    name: containerNames.script,
    env: [
      { name: 'HOME', value: home },
      { name: 'USER', value: 'task' },
      { name: 'LOGNAME', value: 'task' },
      // Debian's guard (PEP 668) is for hosts: `pip install` goes into the run's own home.
      { name: 'PIP_BREAK_SYSTEM_PACKAGES', value: '1' },
    ],
    resources: runResources(order.shape, settings).script,
    volumeMounts: [
      agentMount,
      { name: homeVolume, mountPath: home },
      // The same volume, so that one limit holds for everything the script writes.
      { name: homeVolume, mountPath: '/tmp', subPath: 'tmp' },
      // A socket can be spoken to where nothing can be written.
      { name: 'channel', mountPath: channel, readOnly: true },
      { name: 'shared-memory', mountPath: '/dev/shm' },
    ],
  }
}

const agentMount = {
  name: 'agent',
  mountPath: `${agentGuestFolder}/leasehold_run_agent`,
  readOnly: true,
}

function inImage(
  { image }: RunOrder,
  { taskImages }: TaskSettings,
  module: 'pod' | 'runner',
  options: readonly string[],
) {
  return {
    image: taskImages[image],
    workingDir: agentGuestFolder,
    command: ['python3', '-B', '-m', `leasehold_run_agent.${module}`],
    args: [...options],
    // The last lines become the reason why a run was lost.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
  }
}

function volumesOf(order: RunOrder, agentConfigMap: string) {
  const { shape } = order
  return [
    { name: homeVolume, emptyDir: { sizeLimit: mebibytes(homeLimitMiB(shape)) } },
    { name: 'spool', emptyDir: { sizeLimit: '128Mi' } },
    { name: 'channel', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    {
      name: 'shared-memory',
      emptyDir: { medium: 'Memory', sizeLimit: mebibytes(sharedMemoryMiB(shape)) },
    },
    { name: 'agent', configMap: { name: agentConfigMap } },
    {
      name: 'credential',
      secret: {
        secretName: credentialSecretName(order),
        defaultMode: readableByGroup,
        items: [{ key: credentialKey, path: credentialKey }],
      },
    },
  ]
}
