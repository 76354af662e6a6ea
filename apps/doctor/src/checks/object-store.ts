import { randomBytes } from 'node:crypto'
import type { Log } from '@leasehold/application'
import type { Config } from '@leasehold/config'
import { openS3ObjectStore, probeObjectStore, type StoreFinding } from '@leasehold/object-store'
import { type Finding, findingsOf } from '../finding.ts'
import { readForeign } from '../read-foreign.ts'
import { reasonOf } from '../reason-of.ts'
import type { Check } from '../run-checks.ts'

const { ok, warning, problem } = findingsOf('object store')

type Store = ReturnType<typeof openS3ObjectStore>

export function checkObjectStore({ objectStore }: Config, log: Log): readonly Check[] {
  if (objectStore.kind === 'embedded') return []
  return [
    {
      part: 'object store',
      whenItFails:
        'See that the server of S3_ENDPOINT runs, is reached from here, and knows the key pair of S3_ACCESS_KEY_ID.',
      whenUntrusted:
        'Where its authority is your own, start every app with NODE_EXTRA_CA_CERTS=/path/ca.pem; else give the store a certificate that is valid and names the host of S3_ENDPOINT.',
      look: async (signal) => {
        // Links for renters may name an address that leads nowhere from here: in a container, `localhost`.
        const store = openS3ObjectStore({ ...objectStore, publicEndpoint: null, log })
        try {
          await store.check(signal)
          return [
            ok('answers', `${objectStore.endpoint} answers.`),
            await roundTrip(store, signal),
            ...(
              await probeObjectStore({ ...objectStore, now: Date.now, log }, signal)
            ).findings.map(featureOf),
          ]
        } finally {
          store.close()
        }
      },
    },
  ]
}

/** What a store cannot do is worked around: worth knowing, and nothing that does not work. */
function featureOf({ feature, detail, advice }: StoreFinding): Finding {
  return advice === null ? ok(feature, detail) : warning(feature, detail, advice)
}

const path = 'doctor.txt'

/** What the platform does for a tenant, in a bucket of its own that is removed again. */
async function roundTrip(store: Store, signal: AbortSignal): Promise<Finding> {
  const bucket = `leasehold-doctor-${randomBytes(8).toString('hex')}`
  const trouble = await writeAndRead(store, bucket, signal).then(() => null, reasonOf)
  // Removed whatever happened before: it may have been made, though the answer was lost.
  const left = await store
    .removeBucket(bucket, AbortSignal.timeout(10_000))
    .then(() => null, reasonOf)
  if (trouble !== null)
    return problem(
      'writes',
      `A bucket of its own could not be made, written and read: ${trouble}.`,
      'Let the key pair create buckets and write into them, and see that the store has room and that its clock is right.',
    )
  if (left !== null)
    return problem(
      'writes',
      `A bucket can be made, written and read by link, but not removed: ${left}.`,
      `Let the key pair delete objects and buckets, and remove ${bucket} by hand.`,
    )
  return ok('writes', 'A bucket can be made, written, read by link and removed.')
}

async function writeAndRead(store: Store, bucket: string, signal: AbortSignal): Promise<void> {
  const content = randomBytes(64)
  const facts = { sizeBytes: content.length, contentType: 'text/plain', sha256: null }
  await store.ensureBucket(bucket, signal)
  await store.put(bucket, path, asStream(content), facts, signal)
  const link = await store.presignGet(bucket, path, 60)
  const answer = await fetch(link, { signal, redirect: 'error' })
  const read = await readForeign(answer)
  if (!read.equals(content)) throw new Error(`a presigned link answered ${answer.status}`)
}

async function* asStream(content: Uint8Array) {
  yield content
}
