import type { TaskId, TenantId } from '@leasehold/domain'
import { aShape } from '../builders/a-shape.ts'
import { aTask } from '../builders/a-task.ts'
import { taskDriverContract } from '../contracts/task-driver-contract.ts'
import { fakeTaskDriver } from './fake-task-driver.ts'

taskDriverContract(
  'fake',
  async () => {
    const driver = fakeTaskDriver()
    let count = 0
    const newOrder = () => ({
      taskId: `tsk_${++count}` as TaskId,
      tenantId: 'ten_acme' as TenantId,
      attempt: 1,
      shape: aShape(),
      image: aTask.queued().image,
      credential: `credential ${count}`,
    })
    return {
      driver,
      newOrder,
      newImpossibleOrder: () => ({ ...newOrder(), shape: aShape({ memoryMiB: 99_999_999 }) }),
      killMachine: async (id) => driver.kill(id),
      close: () => driver.close(),
    }
  },
  { faultRounds: 40 },
)
