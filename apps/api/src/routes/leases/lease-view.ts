import type { LeaseReport } from '@leasehold/application'
import type { Lease as LeaseBody, LeaseCondition } from '@leasehold/contract'
import { assertNever, type Lease, leaseActions } from '@leasehold/domain'
import type { AccessDirections } from '../../access-directions.ts'
import { timestamp, timestampOrNull } from '../answers.ts'
import { resourcesView } from '../resources-view.ts'

/** Lease -> wire. A new state does not compile until it is decided here what clients see. */
export function leaseView({ lease, usage }: LeaseReport, directions: AccessDirections): LeaseBody {
  const { reason, deadlineAt, waitingFor } = ofState(lease)
  return {
    id: lease.id,
    name: lease.name,
    labels: { ...lease.labels },
    state: lease.state,
    reason,
    enteredStateAt: timestamp(lease.enteredStateAt),
    deadlineAt: timestampOrNull(deadlineAt),
    waitingFor,
    conditions: conditionsOf(lease),
    actions: [...leaseActions(lease)],
    machineType: lease.machineType,
    image: lease.image,
    pool: lease.pool,
    resources: resourcesView(lease.shape),
    access: accessView(lease, directions),
    timeToLiveSeconds: Math.round(lease.timeToLiveMs / 1_000),
    expiresAt: timestampOrNull(lease.expiresAt),
    pricePerHourMicros: lease.pricePerHourMicros,
    usage: { seconds: usage.seconds, costMicros: usage.costMicros },
    createdAt: timestamp(lease.createdAt),
    createdBy: lease.createdBy,
  }
}

type OfState = Pick<LeaseBody, 'reason' | 'waitingFor'> & { readonly deadlineAt: number | null }

function ofState(lease: Lease): OfState {
  switch (lease.state) {
    case 'queued':
      return { reason: null, deadlineAt: lease.queueDeadlineAt, waitingFor: lease.waitingFor }
    case 'provisioning':
      return { reason: null, deadlineAt: lease.bootDeadlineAt, waitingFor: null }
    case 'ready':
      return { reason: null, deadlineAt: lease.expiresAt, waitingFor: null }
    case 'stopping':
      return { reason: lease.reason, deadlineAt: lease.graceEndsAt, waitingFor: null }
    case 'stopped':
      return { reason: lease.reason, deadlineAt: lease.keepUntil, waitingFor: null }
    case 'released':
    case 'failed':
      return { reason: lease.reason, deadlineAt: null, waitingFor: null }
    default:
      return assertNever(lease)
  }
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

function conditionsOf(lease: Lease): LeaseCondition[] {
  const types = ['placed', 'booted', 'reachable', 'disk-kept'] as const
  return types.map((type) => ({
    type,
    met: met[lease.state].includes(type),
    since: timestamp(lease.enteredStateAt),
  }))
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
