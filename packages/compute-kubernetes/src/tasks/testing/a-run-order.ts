import type { RunOrder } from '@leasehold/application'
import type { GpuTypeName, ImageName, PoolName, TaskId, TenantId } from '@leasehold/domain'
import type { TaskSettings } from '../task-settings.ts'

/** A pool with one image, two GPU types that share a resource name, and plain Jobs. */
export function taskSettings(facts: Partial<TaskSettings> = {}): TaskSettings {
  return {
    name: 'east' as PoolName,
    prefix: 'hold',
    systemNamespace: 'leasehold-system',
    taskImages: { ['python' as ImageName]: 'registry.example/tasks/python:3.13' },
    taskGpus: {
      ['a100' as GpuTypeName]: {
        resourceName: 'nvidia.com/gpu',
        nodeLabels: { 'nvidia.com/gpu.product': 'NVIDIA-A100-PCIE-40GB' },
      },
      ['l40s' as GpuTypeName]: {
        resourceName: 'nvidia.com/gpu',
        nodeLabels: { 'nvidia.com/gpu.product': 'NVIDIA-L40S' },
      },
      ['a100-slice' as GpuTypeName]: { resourceName: 'nvidia.com/mig-1g.10gb' },
    },
    kueueClusterQueue: null,
    kataRuntimeClass: null,
    runApiUrl: 'http://10.9.0.1:8081',
    ...facts,
  }
}

/** The first run of task `tsk_1` of tenant `ten_1`, half an hour at most. */
export function aRunOrder(facts: Partial<RunOrder> = {}): RunOrder {
  return {
    taskId: 'tsk_1' as TaskId,
    tenantId: 'ten_1' as TenantId,
    attempt: 1,
    shape: {
      cpu: { sockets: 1, cores: 1, threads: 1, model: 'host-model' },
      memoryMiB: 1_024,
      disks: [{ role: 'system', sizeGiB: 4 }],
      gpus: [],
    },
    image: 'python' as ImageName,
    credential: 'credential-of-the-run',
    timeLimitMs: 1_800_000,
    ...facts,
  }
}
