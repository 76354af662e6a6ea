import { join } from 'node:path'
import type { RunOrder } from '@leasehold/application'
import type { GpuTypeName } from '@leasehold/domain'
import { readAgentFiles } from '@leasehold/guest'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { agentConfigMap, agentConfigMapName } from './agent-config-map.ts'
import { credentialSecret, jobManifest, release } from './job-manifest.ts'
import { aRunOrder, taskSettings } from './testing/a-run-order.ts'

type Container = {
  readonly name: string
  readonly resources: { readonly limits: Readonly<Record<string, string>> }
  readonly volumeMounts: readonly { readonly name: string }[]
}
type Job = {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> }
  readonly spec: {
    readonly suspend: boolean
    readonly activeDeadlineSeconds: number
    readonly template: {
      readonly spec: {
        readonly runtimeClassName?: string
        readonly nodeSelector?: object
        readonly tolerations?: object
        readonly affinity?: object
        readonly terminationGracePeriodSeconds: number
        readonly containers: readonly [Container, Container]
      }
    }
  }
}
const code = 'leasehold-agent-1'
const jobOf = (order: RunOrder, settings = taskSettings()) =>
  jobManifest(order, settings, code) as unknown as Job
const podOf = (order: RunOrder, settings = taskSettings()) =>
  jobOf(order, settings).spec.template.spec
const shape = aRunOrder().shape
const gpu = (type: string, count: number) => ({ type: type as GpuTypeName, count })
const cpu = { sockets: 1, cores: 4, threads: 1, model: 'host-model' }

describe('the Job of a run', () => {
  it.each([
    { name: 'plain', order: aRunOrder(), settings: taskSettings() },
    {
      name: 'kata-gpu-kueue',
      order: aRunOrder({
        attempt: 2,
        shape: {
          ...shape,
          cpu,
          memoryMiB: 65_536,
          gpus: [gpu('a100', 2)],
          placement: {
            nodeLabels: { zone: 'a' },
            tolerations: [{ key: 'gpu', effect: 'NoSchedule' }],
            apartFrom: 'same-tenant',
          },
        },
      }),
      settings: taskSettings({
        kataRuntimeClass: 'kata-qemu-nvidia-gpu',
        kueueClusterQueue: 'tasks',
        tasks: {
          graceSeconds: 60,
          priorityClass: 'tasks',
          workloadPriorityClass: 'tasks',
          imagePullSecrets: ['registry'],
        },
      }),
    },
  ])('$name is the golden one', async ({ name, order, settings }) => {
    const golden = join(import.meta.dirname, 'golden', `${name}.yaml`)

    await expect(
      stringify(jobManifest(order, settings, code), {
        sortMapEntries: true,
        aliasDuplicateObjects: false,
      }),
    ).toMatchFileSnapshot(golden)
  })

  it('says the credential nowhere, and the Secret belongs to the Job', () => {
    const order = aRunOrder()
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'tsk-1-a1', uid: 'u1' }
    const secret = credentialSecret(order, taskSettings(), owner)

    expect(JSON.stringify(jobOf(order))).not.toContain(order.credential)
    expect(secret).toMatchObject({
      metadata: { name: 'tsk-1-a1', namespace: 'hold-ten-1', ownerReferences: [owner] },
      data: { credential: Buffer.from(order.credential).toString('base64') },
    })
  })

  it('gives the credential to the agent and not to the script', () => {
    const [agent, script] = podOf(aRunOrder()).containers
    const mounts = ({ volumeMounts }: Container) => volumeMounts.map(({ name }) => name)

    expect(mounts(agent)).toContain('credential')
    expect(mounts(script)).not.toContain('credential')
  })

  it.each([
    { vcpus: 1, agent: '100m', script: '900m' },
    { vcpus: 4, agent: '200m', script: '3800m' },
    { vcpus: 64, agent: '1', script: '63' },
  ])('shares $vcpus CPUs so that the pod asks for its shape', ({ vcpus, agent, script }) => {
    const { containers } = podOf(aRunOrder({ shape: { ...shape, cpu: { ...cpu, cores: vcpus } } }))

    expect(containers.map(({ resources }) => resources.limits.cpu)).toEqual([agent, script])
    expect(containers.map(({ resources }) => resources.limits.memory)).toEqual(['96Mi', '928Mi'])
  })

  it('gives dedicated CPUs to the script whole', () => {
    const dedicated = { numaPassthrough: false, isolatedEmulatorThread: false }
    const { containers } = podOf(aRunOrder({ shape: { ...shape, cpu: { ...cpu, dedicated } } }))

    expect(containers[1].resources.limits.cpu).toBe('4')
  })

  it('counts GPUs by the names that containers have for them, in limits', () => {
    const order = aRunOrder({ shape: { ...shape, gpus: [gpu('a100', 2), gpu('a100-slice', 3)] } })
    const { containers, nodeSelector } = podOf(order)

    expect(containers[1].resources.limits).toMatchObject({
      'nvidia.com/gpu': '2',
      'nvidia.com/mig-1g.10gb': '3',
    })
    expect(containers[0].resources.limits).not.toHaveProperty('nvidia.com/gpu')
    expect(nodeSelector).toEqual({ 'nvidia.com/gpu.product': 'NVIDIA-A100-PCIE-40GB' })
  })

  it.each([
    { asked: undefined, kata: null, tasks: {}, runs: undefined },
    { asked: undefined, kata: 'kata-qemu', tasks: {}, runs: 'kata-qemu' },
    { asked: undefined, kata: 'kata-qemu', tasks: { isolation: 'container' }, runs: undefined },
    { asked: 'kata', kata: 'kata-qemu', tasks: { isolation: 'container' }, runs: 'kata-qemu' },
    { asked: 'container', kata: 'kata-qemu', tasks: {}, runs: undefined },
  ] as const)(
    'asked for $asked where Kata is $kata and $tasks is usual it runs in $runs',
    (row) => {
      const order = aRunOrder(row.asked === undefined ? {} : { isolation: row.asked })
      const settings = taskSettings({ kataRuntimeClass: row.kata, tasks: row.tasks })

      expect(podOf(order, settings).runtimeClassName).toBe(row.runs)
    },
  )

  it('is walled in far behind the limit that the platform keeps', () => {
    const limited = jobOf(aRunOrder({ timeLimitMs: 1_500 }))
    const { timeLimitMs: _none, ...unlimited } = aRunOrder()

    expect(limited.spec.activeDeadlineSeconds).toBe(2 + 24 * 3_600 + 300)
    expect(jobOf(unlimited).spec.activeDeadlineSeconds).toBeGreaterThan(30 * 24 * 3_600)
  })
})

describe('letting a Job go', () => {
  it('lets it run, or hands it to Kueue, which decides when', () => {
    expect(jobOf(aRunOrder()).spec.suspend).toBe(true)
    expect(release(taskSettings())).toMatchObject({ spec: { suspend: false } })

    const handedOver = release(taskSettings({ kueueClusterQueue: 'tasks' }))
    expect(handedOver).toMatchObject({
      metadata: { labels: { 'kueue.x-k8s.io/queue-name': 'leasehold' } },
    })
    expect(handedOver).not.toHaveProperty('spec')
  })
})

describe('the agent’s code in a namespace', () => {
  it('is every module under its file name, and has another name when it changes', async () => {
    const agent = await readAgentFiles()

    expect(agentConfigMap(agent, 'hold-ten-1')).toMatchObject({
      immutable: true,
      metadata: { name: agentConfigMapName(agent) },
      data: { 'pod.py': expect.stringContaining('def main'), '__init__.py': expect.any(String) },
    })
    expect(agentConfigMapName({ hash: 'f'.repeat(64) })).not.toBe(agentConfigMapName(agent))
  })
})
