import {
  makeCancelTask,
  makeExchangeJupyterCode,
  makeExtendLease,
  makeLookAtPool,
  makeOpenJupyterLink,
  makeReleaseLease,
  makeRequestLease,
  makeResizeLease,
  makeRestartLease,
  makeStartLease,
  makeStopLease,
  makeSubmitTask,
} from '@leasehold/application'
import type { LeaseId, MachineTypeName, MemberId, TenantId } from '@leasehold/domain'
import { aPublicKey } from '@leasehold/testing'
import { poolsOf } from './ports.ts'
import type { Process } from './scheduler.ts'
import { guarded } from './workers.ts'
import type { World } from './world.ts'

const { signal } = new AbortController()
const memberId = 'olivia' as MemberId

/** The API as a process: requests in flight die with it. */
export function startApi(world: World, name: string): Process {
  const process: Process = { name, isAlive: true }
  const ports = world.portsFor(process)
  const pools = poolsOf(ports)
  const parts = { ...ports, pools, hints: world.queue.hints }
  const all = { ...parts, lookAtPool: makeLookAtPool(parts, 2_000) }
  const act = makeActions(world, {
    request: makeRequestLease(all),
    submit: makeSubmitTask(all),
    stop: makeStopLease(all),
    start: makeStartLease(all),
    restart: makeRestartLease(all),
    extend: makeExtendLease(all),
    resize: makeResizeLease(all),
    release: makeReleaseLease(all),
    cancel: makeCancelTask(all),
    openLink: makeOpenJupyterLink({ ...all, jupyterOrigin: (id) => `http://${id}.test` }),
    exchange: makeExchangeJupyterCode(all),
  })
  void (async () => {
    for (;;) {
      await world.scheduler.sleep(process, world.random.whole(500, 12_000))
      void guarded(world, name, act)
    }
  })()
  return process
}

type Operations = {
  readonly request: ReturnType<typeof makeRequestLease>
  readonly submit: ReturnType<typeof makeSubmitTask>
  readonly stop: ReturnType<typeof makeStopLease>
  readonly start: ReturnType<typeof makeStartLease>
  readonly restart: ReturnType<typeof makeRestartLease>
  readonly extend: ReturnType<typeof makeExtendLease>
  readonly resize: ReturnType<typeof makeResizeLease>
  readonly release: ReturnType<typeof makeReleaseLease>
  readonly cancel: ReturnType<typeof makeCancelTask>
  readonly openLink: ReturnType<typeof makeOpenJupyterLink>
  readonly exchange: ReturnType<typeof makeExchangeJupyterCode>
}

/** One thing that one of the tenants does, whatever state its leases are in. */
function makeActions(world: World, operations: Operations): () => Promise<unknown> {
  const { random, memory, witness } = world
  let key = 0
  return async () => {
    const tenantId = random.pick(['ten_acme', 'ten_globex'] as TenantId[])
    const dice = random.next()
    // The client asks again with the same key until it has an answer.
    if (dice < 0.22) return asked(world, () => requestLease(operations, tenantId, `lease-${++key}`))
    if (dice < 0.42)
      return asked(world, () =>
        submitTask(operations, tenantId, `task-${++key}`, random.whole(0, 100)),
      )
    const tasks = [...memory.tasks.values()].map((row) => row.item)
    if (dice < 0.5 && tasks.length > 0) {
      const task = random.pick(tasks)
      return operations.cancel({ tenantId: task.tenantId, memberId, taskId: task.id })
    }
    const leases = [...memory.leases.values()].map((row) => row.item)
    if (leases.length === 0) return undefined
    const lease = random.pick(leases)
    const command = { tenantId: lease.tenantId, memberId, leaseId: lease.id }
    if (dice < 0.6) return operations.stop(command)
    if (dice < 0.75) return operations.start(command)
    if (dice < 0.82) return operations.restart(command)
    if (dice < 0.84) return operations.extend({ ...command, byMs: 60_000 })
    if (dice < 0.88) {
      const machineType = random.pick(['tiny', 'small'] as MachineTypeName[])
      return operations.resize({ ...command, machineType })
    }
    if (dice < 0.94) return openJupyter(world, operations, command)
    await operations.release(command)
    witness.releaseAccepted.add(lease.id)
    return undefined
  }
}

async function openJupyter(
  { witness, memory }: World,
  { openLink, exchange }: Operations,
  command: { readonly tenantId: TenantId; readonly memberId: MemberId; readonly leaseId: LeaseId },
): Promise<void> {
  const { url } = await openLink(command)
  const { session } = await exchange(command.leaseId, url.split('/').at(-1) ?? '')
  const generation = memory.leases.get(command.leaseId)?.item.generation ?? 0
  witness.sessions.push({ leaseId: command.leaseId, session, generation })
}

function requestLease({ request }: Operations, tenantId: TenantId, idempotencyKey: string) {
  return async () => {
    const lease = await request({
      tenantId,
      memberId,
      machineType: 'tiny' as MachineTypeName,
      image: null,
      pool: null,
      sshPublicKeys: [aPublicKey()],
      sshKeyIds: [],
      timeToLiveMs: null,
      name: idempotencyKey,
      labels: {},
      idempotencyKey,
    })
    return { key: `${tenantId} ${idempotencyKey}`, id: lease.id as string }
  }
}

function submitTask(
  { submit }: Operations,
  tenantId: TenantId,
  idempotencyKey: string,
  priority: number,
) {
  const resources = { machineType: null, vcpus: 1, memoryMiB: 1_024, diskGiB: 4, gpus: [] }
  return async () => {
    const task = await submit(
      {
        tenantId,
        memberId,
        name: idempotencyKey,
        labels: {},
        framework: null,
        image: null,
        isolation: null,
        pool: null,
        script: { kind: 'inline', text: 'print(1)' },
        arguments: [],
        environment: {},
        inputs: [],
        outputsPath: null,
        resources,
        priority,
        timeLimitMs: null,
        idempotencyKey,
      },
      signal,
    )
    return { key: `${tenantId} ${idempotencyKey}`, id: task.id as string }
  }
}

async function asked(
  world: World,
  makeRequest: () => () => Promise<{ readonly key: string; readonly id: string }>,
): Promise<void> {
  const request = makeRequest()
  for (let attempt = 0; attempt < 4; attempt++) {
    const hasAnswer = await guarded(world, 'client', async () => {
      const { key, id } = await request()
      const ids = world.witness.accepted.get(key) ?? new Set()
      world.witness.accepted.set(key, ids.add(id))
    })
    if (hasAnswer) return
  }
}
