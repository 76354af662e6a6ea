import type { Log } from '@leasehold/application'
import { probeObjectStore } from '@leasehold/object-store'
import type { Closing } from './closing.ts'
import type { Services } from './open-services.ts'

const limitMs = 60_000

/**
 * Says once, in the log, what the operator's object store cannot do of what we use, and what to do about
 * it. In the background: a store that is slow or away keeps nobody from starting.
 */
export function reportObjectStore(
  s3: Services['s3'],
  now: () => number,
  log: Log,
  closing: Closing,
): void {
  const stopping = new AbortController()
  const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(limitMs)])
  const reporting = probeObjectStore({ ...s3, now, log }, signal).then(
    ({ findings }) => {
      for (const { feature, state, detail, advice } of findings)
        if (state !== 'works')
          log.warn({ feature, state, detail, advice }, 'object store lacks something')
      log.info(
        { works: findings.filter(({ state }) => state === 'works').map(({ feature }) => feature) },
        'object store looked at',
      )
    },
    // It has said in the log why it could not look.
    () => {},
  )
  closing.add('look at the object store', async () => {
    stopping.abort(new Error('the platform is closing'))
    await reporting
  })
}
