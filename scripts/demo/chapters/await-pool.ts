import type { Pool } from '@leasehold/contract'
import { waitFor } from '../../client/wait-for.ts'
import type { Tell } from '../narrator.ts'
import type { Session } from '../session.ts'

const openLimitMs = 120_000

/** A cluster is opened in the background: until then the platform says what is wrong with the pool. */
export async function awaitPool({ operator }: Session, tell: Tell): Promise<void> {
  let said = ''
  const look = async () =>
    (await operator.get<{ readonly items: readonly Pool[] }>('/v1/pools')).items[0]
  const isOpen = (pool: Pool | undefined) => {
    const now = pool?.trouble?.detail ?? pool?.status ?? 'not there'
    if (now !== said) tell(`${pool?.name}: ${now}`)
    said = now
    return pool?.status === 'ok' && pool.capacity !== null
  }
  const pool = await waitFor('the pool', look, isOpen, { withinMs: openLimitMs })
  tell(
    `it has ${JSON.stringify(pool?.capacity)}, of which ${JSON.stringify(pool?.occupied)} is taken`,
  )
}
