import { chmod, mkdir, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { Log } from '@leasehold/application'
import { limited, openS3Client, type S3Address } from '../s3-client.ts'
import { s3ErrorName } from '../s3-errors.ts'
import {
  type Installation,
  openInstallation,
  readInstallation,
  writePrivately,
} from './installation.ts'
import {
  endStore,
  findStore,
  isAlive,
  lastWords,
  type StoreProcess,
  spawnStore,
} from './store-process.ts'
import { findStoreProgram } from './store-program.ts'
import { minFreeMiB, settingsFiles } from './store-settings.ts'

export type EmbeddedObjectStore = S3Address & {
  /** Ends the server. What is stored stays. */
  stop(): Promise<void>
}

const readyMs = 60_000
const watchMs = 1_000
/** With less, a write may have failed since the last look. */
const fullMiB = 128
const probeBucket = 'leasehold-probe'

/**
 * Runs an S3 server of our own (SeaweedFS) in `folder`, for one machine: on 127.0.0.1, with a key made
 * for this installation, on ports that stay the same where possible. One that outlived us is taken over;
 * one that dies is started again. Returns when a write has really worked. Needs Linux, and python3 with
 * pip the first time.
 */
export async function startEmbeddedObjectStore(options: {
  readonly folder: string
  readonly log: Log
  /** Where the program is kept; `cache` beside `folder` when left out. */
  readonly cacheFolder?: string
}): Promise<EmbeddedObjectStore> {
  const { log } = options
  const startedAt = performance.now()
  const folder = resolve(options.folder)
  await mkdir(join(folder, 'logs'), { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const program = await findStoreProgram(options.cacheFolder ?? join(dirname(folder), 'cache'), log)
  const place = { folder, program, log }
  const { installation, running, adopted } = await adoptOrStart(place)
  const address = addressOf(installation)
  log.info(
    {
      endpoint: address.endpoint,
      adopted,
      tookMs: Math.round(performance.now() - startedAt),
    },
    'embedded object store is up',
  )
  const guard = guardStore(place, installation, running)
  return { ...address, stop: () => guard.stop() }
}

type Place = { readonly folder: string; readonly program: string; readonly log: Log }
type Started = {
  readonly installation: Installation
  readonly running: StoreProcess
  readonly adopted: boolean
}

async function adoptOrStart(place: Place): Promise<Started> {
  const { folder, program, log } = place
  const found = await findStore(folder, program)
  if (found !== null) {
    const installation = await readInstallation(join(folder, 'installation.json'))
    if (installation !== null && (await writesWithin(installation, found, 10_000)))
      return { installation, running: found, adopted: true }
    log.warn({ pid: found.pid }, 'an object store left from before does not answer; ending it')
    await endStore(found, folder)
  }
  const installation = await openInstallation(folder)
  return { installation, running: await startStore(place, installation), adopted: false }
}

async function startStore(place: Place, installation: Installation): Promise<StoreProcess> {
  const { folder, program } = place
  await requireRoom(folder)
  for (const { name, text } of settingsFiles(folder, installation))
    await writePrivately(join(folder, name), text)
  const running = await spawnStore(program, folder, installation)
  if (await writesWithin(installation, running, readyMs)) return running
  const words = await lastWords(folder)
  await endStore(running, folder)
  throw new Error(
    `The embedded object store did not start. See ${join(folder, 'logs')}. It ended with:\n${words}`,
  )
}

/** With less the store takes nothing (`minFreeSpace` in its settings), and would be waited for in vain. */
async function requireRoom(folder: string): Promise<void> {
  const freeMiB = await freeMiBOf(folder)
  if (freeMiB < minFreeMiB)
    throw new Error(
      `The embedded object store needs ${minFreeMiB} MiB of free disk in ${folder}; ${freeMiB} MiB are free. Make room, or set S3_ENDPOINT.`,
    )
}

async function freeMiBOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return Math.floor((bavail * bsize) / 1_048_576)
}

/** S3 answers before the parts behind it do, so only a write that worked proves anything. */
async function writesWithin(
  installation: Installation,
  running: StoreProcess,
  timeoutMs: number,
): Promise<boolean> {
  const client = openS3Client(addressOf(installation))
  const deadline = performance.now() + timeoutMs
  try {
    while (performance.now() < deadline && (await isAlive(running))) {
      if (await writes(client)) return true
      await delay(100)
    }
    return false
  } finally {
    client.destroy()
  }
}

async function writes(client: S3Client): Promise<boolean> {
  const target = { Bucket: probeBucket, Key: 'probe' }
  const limit = () => limited(new AbortController().signal, 5_000)
  try {
    await client
      .send(new CreateBucketCommand({ Bucket: probeBucket }), limit())
      .catch((error: unknown) => {
        if (!s3ErrorName(error).startsWith('BucketAlready')) throw error
      })
    await client.send(new PutObjectCommand({ ...target, Body: 'probe' }), limit())
    await client.send(new DeleteObjectCommand(target), limit())
    return true
  } catch {
    return false
  }
}

/**
 * Looks every second whether the store still runs, and starts it again when it does not. Also when the
 * disk was full and there is room again: each part of its index refuses every write after the first that
 * failed, until it is opened anew.
 */
function guardStore(place: Place, installation: Installation, first: StoreProcess) {
  let running = first
  let restarting: Promise<void> | null = null
  let stopping = false
  let wasFull = false
  const look = async (): Promise<void> => {
    if (restarting !== null || stopping) return
    const why = (await isAlive(running)) ? await hasRoomAgain() : 'it died'
    if (why === null || restarting !== null || stopping) return
    restarting = restart(why)
    await restarting
  }
  const hasRoomAgain = async (): Promise<'the disk was full' | null> => {
    const freeMiB = await freeMiBOf(place.folder)
    if (freeMiB < fullMiB) wasFull = true
    if (!wasFull || freeMiB < minFreeMiB) return null
    wasFull = false
    return 'the disk was full'
  }
  const restart = async (why: string): Promise<void> => {
    place.log.error({ pid: running.pid, why }, 'starting the embedded object store again')
    try {
      if (await isAlive(running)) await endStore(running, place.folder)
      running = await startStore(place, installation)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      place.log.error({ reason }, 'the embedded object store did not come back; trying again')
    } finally {
      restarting = null
    }
  }
  // A look that fails, as when the folder cannot be read just now, is followed by the next.
  const timer = setInterval(() => void look().catch(() => {}), watchMs)
  timer.unref()
  return {
    async stop(): Promise<void> {
      stopping = true
      clearInterval(timer)
      await restarting
      await endStore(running, place.folder)
    },
  }
}

function addressOf({ ports, accessKeyId, secretAccessKey }: Installation): S3Address {
  return {
    endpoint: `http://127.0.0.1:${ports.s3}`,
    region: 'us-east-1',
    accessKeyId,
    secretAccessKey,
  }
}
