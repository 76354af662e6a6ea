import type { MachineOrder } from '@leasehold/application'
import type { MachineObstacle } from '@leasehold/domain'
import { KubeError } from '../client/kube-error.ts'
import { quotaObstacle } from './machine-obstacle.ts'
import type { MachineParts } from './machine-parts.ts'

/**
 * The cluster did not take a machine. What speaks against the order itself refuses it for good; what speaks against
 * the moment is noted as what is in the way, and the error goes on to whoever will try again.
 */
export function noteRefusal(
  { notes, log }: Pick<MachineParts, 'notes' | 'log'>,
  { leaseId, generation }: MachineOrder,
  error: unknown,
): 'refused' {
  const refusal = refusalIn(error)
  if (refusal !== null) {
    log.warn({ leaseId, generation, err: error }, 'machine refused by the cluster')
    notes.refuse(leaseId, generation, refusal)
    return 'refused'
  }
  notes.setBack(leaseId, generation, setBackOf(error))
  throw error
}

/** Words of webhooks and admission policies: `… denied the request: <why>`. */
const denied = /denied (?:the )?request: (.+)$/s

function refusalIn(error: unknown): string | null {
  if (!(error instanceof KubeError)) return null
  const why = denied.exec(error.message)?.[1]
  if (error.status === 422 || error.status === 400)
    return `The pool refuses the machine: ${why ?? error.message}`
  // A policy may answer 403 as well; a missing permission of ours has no such words.
  if (error.status === 403 && why !== undefined && !isAboutMoment(error))
    return `The pool refuses the machine: ${why}`
  return null
}

function isAboutMoment({ message }: KubeError): boolean {
  return /exceeded quota|being terminated/.test(message)
}

function setBackOf(error: unknown): MachineObstacle {
  const message = error instanceof KubeError ? error.message : ''
  const quota = quotaObstacle(message)
  if (quota !== null) return quota
  if (error instanceof KubeError && (error.status === 404 || isAboutMoment(error)))
    return {
      code: 'pool-degraded',
      detail: "The tenant's place in the pool is not there yet, or is being removed.",
    }
  if (error instanceof KubeError && error.status === 403)
    return {
      code: 'pool-degraded',
      detail: 'Leasehold lacks a permission in the pool; the operator has to repair it.',
    }
  return { code: 'pool-degraded', detail: 'The pool does not take orders just now.' }
}
