import { setTimeout as after } from 'node:timers/promises'
import { signInByDeviceFlow } from '@leasehold/dev-issuer'
import type { Answer } from '../../../scripts/client/api-client.ts'
import type { Random } from '../../simulation/random.ts'

/** An accepted request: the key it was sent with and the answer that came, byte for byte. */
export type Accepted = {
  readonly kind: 'leases' | 'tasks'
  readonly key: string
  readonly body: string
  readonly id: string
  readonly text: string
}

type Place = { readonly api: string; readonly issuer: string }

/** The object store looks for room once a minute. */
const answerWithinMs = 180_000

/** Nobody holds its private half. */
const publicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHzbKpwfPr1Y6PVFYgJ0+Yc5q7dQmI0Gz5yJ1h4hK9yQ'

/**
 * One tenant's client over crashes: every request is sent again, with the same key, until an answer
 * comes. `place` gives the addresses of the platform that is up now; `onRefusal` is told of every 5xx.
 */
export function makeTenantClient(
  user: string,
  place: () => Place,
  random: Random,
  onRefusal: (refusal: Answer) => void = () => {},
) {
  let token: string | null = null
  let count = 0
  const accepted: Accepted[] = []

  const call = async (
    method: string,
    path: string,
    body?: string,
    key?: string,
  ): Promise<{ readonly status: number; readonly text: string }> => {
    const until = performance.now() + answerWithinMs
    while (performance.now() < until) {
      try {
        token ??= (
          await signInByDeviceFlow(place().issuer, user, user, {
            signal: AbortSignal.timeout(5_000),
          })
        ).accessToken
        const response = await fetch(place().api + path, {
          method,
          signal: AbortSignal.timeout(10_000),
          headers: {
            authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...(key === undefined ? {} : { 'idempotency-key': key }),
          },
          ...(body === undefined ? {} : { body }),
        })
        const text = await response.text()
        if (response.status === 401) token = null
        else if (response.status < 500) return { status: response.status, text }
        else onRefusal({ status: response.status, headers: response.headers, text })
      } catch {
        // The platform is down; whether the request was taken, only asking again can tell.
      }
      await after(100)
    }
    throw new Error(`${user}: ${method} ${path} got no answer in ${answerWithinMs / 1_000} s`)
  }

  const ask = async (kind: Accepted['kind'], facts: object): Promise<void> => {
    const key = `${user}-${random.whole(0, 1_000_000)}-${++count}`
    const body = JSON.stringify({ machineType: 'tiny', ...facts })
    const { status, text } = await call('POST', `/v1/${kind}`, body, key)
    if (status >= 300) throw new Error(`${user}: ${status} ${text}`)
    accepted.push({ kind, key, body, id: JSON.parse(text).id, text })
  }

  return {
    accepted,
    call,
    requestLease: () => ask('leases', { name: `burst ${count}`, sshPublicKeys: [publicKey] }),
    submitTask: () => ask('tasks', { framework: 'shell', script: 'echo hello' }),
    /** Any move on any lease or task of this tenant; a refusal is an answer, too. */
    async stir(): Promise<void> {
      if (accepted.length === 0) return
      const { kind, id } = random.pick(accepted)
      if (kind === 'tasks') {
        if (random.chance(0.3)) await call('POST', `/v1/tasks/${id}/cancel`)
        return
      }
      const action = random.pick(['stop', 'start', 'restart', 'release'])
      if (action === 'release') await call('DELETE', `/v1/leases/${id}`)
      else await call('POST', `/v1/leases/${id}/${action}`)
    },
  }
}

export type TenantClient = ReturnType<typeof makeTenantClient>
