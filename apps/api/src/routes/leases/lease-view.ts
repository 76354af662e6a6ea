import type { LeaseReport } from '@leasehold/application'
import type { Lease as LeaseBody, LeaseCondition } from '@leasehold/contract'
import {
  assertNever,
  type Lease,
  leaseActions,
  type NotedObstacle,
  obstacleAdvice,
  type WantedSize,
} from '@leasehold/domain'
import type { AccessDirections } from '../../access-directions.ts'
import { timestamp, timestampOrNull } from '../answers.ts'
import { resourcesView } from '../resources-view.ts'

/** Lease -> wire. A new state does not compile until it is decided here what clients see. */
export function leaseView({ lease, usage }: LeaseReport, directions: AccessDirections): LeaseBody {
  const { reason, reasonDetail, deadlineAt, waitingFor } = ofState(lease)
  return {
    id: lease.id,
    name: lease.name,
    labels: { ...lease.labels },
    state: lease.state,
    reason,
    reasonDetail,
    enteredStateAt: timestamp(lease.enteredStateAt),
    deadlineAt: timestampOrNull(deadlineAt),
    waitingFor,
    conditions: conditionsOf(lease),
    actions: [...leaseActions(lease)],
    machineType: lease.machineType,
    image: lease.image,
    pool: lease.pool,
    resources: resourcesView(lease.shape),
    pendingResize: pendingResizeView(lease.wantedSize),
    access: accessView(lease, directions),
    timeToLiveSeconds: Math.round(lease.timeToLiveMs / 1_000),
    expiresAt: timestampOrNull(lease.expiresAt),
    pricePerHourMicros: lease.pricePerHourMicros,
    usage: { seconds: usage.seconds, costMicros: usage.costMicros },
    createdAt: timestamp(lease.createdAt),
    createdBy: lease.createdBy,
  }
}

type OfState = Pick<LeaseBody, 'reason' | 'reasonDetail' | 'waitingFor'> & {
  readonly deadlineAt: number | null
}

function ofState(lease: Lease): OfState {
  const going = { reason: null, reasonDetail: null, waitingFor: null }
  switch (lease.state) {
    case 'queued':
      return { ...going, deadlineAt: lease.queueDeadlineAt, waitingFor: lease.waitingFor }
    case 'provisioning':
      return {
        ...going,
        deadlineAt: lease.bootDeadlineAt,
        waitingFor: lease.obstacle?.detail ?? null,
      }
    case 'ready':
      return { ...going, deadlineAt: lease.expiresAt }
    case 'stopping':
      return { ...endOf(lease), deadlineAt: lease.graceEndsAt }
    case 'stopped':
      return { ...endOf(lease), deadlineAt: lease.keepUntil }
    case 'released':
    case 'failed':
      return { ...endOf(lease), deadlineAt: null }
    default:
      return assertNever(lease)
  }
}

function endOf({ reason, reasonDetail }: Extract<Lease, { readonly reasonDetail: unknown }>) {
  return { reason, reasonDetail, waitingFor: null }
}

const met: Readonly<Record<Lease['state'], readonly LeaseCondition['type'][]>> = {
  queued: [],
  provisioning: ['placed'],
  ready: ['placed', 'booted', 'reachable', 'disk-kept'],
  stopping: ['placed', 'disk-kept'],
  stopped: ['disk-kept'],
  released: [],
  failed: [],
}

/** An obstacle keeps a new machine from booting, and one that was ready from being reached. */
function conditionsOf(lease: Lease): LeaseCondition[] {
  const types = ['placed', 'booted', 'reachable', 'disk-kept'] as const
  const obstacle = 'obstacle' in lease ? lease.obstacle : null
  const obstructed = lease.state === 'ready' ? 'reachable' : 'booted'
  return types.map((type) => {
    if (obstacle !== null && type === obstructed)
      return {
        type,
        met: false,
        since: timestamp(obstacle.since),
        obstacle: obstacleView(obstacle),
      }
    return {
      type,
      met: met[lease.state].includes(type),
      since: timestamp(lease.enteredStateAt),
      obstacle: null,
    }
  })
}

function obstacleView({ code, detail, since }: NotedObstacle): LeaseCondition['obstacle'] {
  return { code, detail, whatToDo: obstacleAdvice[code], since: timestamp(since) }
}

/** Every driver gives a machine its size when it starts, so that is what it waits for. */
function pendingResizeView(wanted: WantedSize | null): LeaseBody['pendingResize'] {
  if (wanted === null) return null
  return {
    code: 'restart-required',
    whatToDo:
      'Restart the lease, or stop and start it. Resize it to the machine type that it has to take this back.',
    machineType: wanted.machineType,
    resources: resourcesView(wanted.shape),
    pricePerHourMicros: wanted.pricePerHourMicros,
    since: timestamp(wanted.askedAt),
  }
}

function accessView(lease: Lease, directions: AccessDirections): LeaseBody['access'] {
  if (lease.state !== 'ready') return { ssh: null, jupyter: null }
  const jupyter =
    lease.address.jupyterPort === null
      ? null
      : {
          linkUrl: `/v1/leases/${lease.id}/jupyter-link`,
          origin: directions.jupyterOrigin(lease.id),
        }
  return { ssh: directions.ssh(lease), jupyter }
}
