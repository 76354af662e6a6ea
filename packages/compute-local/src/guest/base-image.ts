import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Log } from '@leasehold/application'
import { withLock } from '../locks/with-lock.ts'
import { buildImage } from './build-image.ts'
import { examineImage, fetchImage } from './fetch-image.ts'
import type { GuestImage } from './guest-image.ts'
import { debianRecipe, recipeId } from './image-recipe.ts'
import type { ImageProgress } from './image-unavailable.ts'

export type GuestImageOptions = {
  /** Where images are kept, one folder each; made when missing. */
  readonly folder: string
  /** A cloud image of the operator's own (qcow2 or raw) by path or https address; without it ours is built. */
  readonly source?: string | undefined
  readonly progress?: ImageProgress
  readonly log: Log
  readonly signal: AbortSignal
}

/** What lies beside a disk in `image.json`: all of `GuestImage` but the paths. */
type ImageNote = Pick<GuestImage, 'id' | 'diskFormat' | 'virtualSizeMiB' | 'hasJupyter'> & {
  readonly disk: string
  readonly bootsDirectly: boolean
}

/**
 * Gives the image that machines start from, building or fetching it the first time (minutes). Kept
 * by the hash of its recipe or content; finished beside its place and renamed into it, so a crash
 * leaves nothing half. Builders at the same time wait for each other. Throws `ImageUnavailable`.
 */
export async function ensureGuestImage(options: GuestImageOptions): Promise<GuestImage> {
  const folder = resolve(options.folder)
  await mkdir(folder, { recursive: true })
  const report = throttled(options.progress ?? (() => {}))
  try {
    return options.source === undefined
      ? await ensureOurs(folder, report.say, options)
      : await ensureTheirs(folder, options.source, report.say, options)
  } finally {
    report.stop()
  }
}

async function ensureOurs(folder: string, say: ImageProgress, options: GuestImageOptions) {
  const id = `debian-12-${recipeId(debianRecipe)}`
  const ready = await readImage(join(folder, id))
  if (ready !== null) return ready
  say('waiting for the guest image')
  return withLock(join(folder, id), options.signal, async () => {
    const built = await readImage(join(folder, id))
    if (built !== null) return built
    const note: ImageNote = {
      id,
      disk: 'disk.raw',
      diskFormat: 'raw',
      virtualSizeMiB: debianRecipe.virtualSizeMiB,
      hasJupyter: debianRecipe.packages.includes('jupyter-notebook'),
      bootsDirectly: true,
    }
    options.log.info({ image: id }, 'building the guest image')
    return finish(folder, note, async (work) => {
      await buildImage(debianRecipe, work, say, options.signal)
      await Promise.all(['root.tar', 'sources.list'].map((n) => rm(join(work, n), { force: true })))
    })
  })
}

async function ensureTheirs(
  folder: string,
  source: string,
  say: ImageProgress,
  { signal, log }: GuestImageOptions,
): Promise<GuestImage> {
  return withLock(join(folder, 'fetch'), signal, async () => {
    const notePath = join(folder, `source-${await sourceKey(source)}`)
    const taken = await readFile(notePath, 'utf8').catch(() => null)
    const known = taken === null ? null : await readImage(join(folder, taken.trim()))
    if (known !== null) return known
    const image = await takeImage(folder, source, say, signal)
    log.info({ image: image.id }, 'image taken')
    await writeFile(`${notePath}.new`, `${image.id}\n`)
    await rename(`${notePath}.new`, notePath)
    return image
  })
}

/** Names a source as it is now: a changed file is another one. An address is trusted to stay the same. */
async function sourceKey(source: string): Promise<string> {
  const facts = await stat(source).catch(() => null)
  const key = facts === null ? source : `${resolve(source)} ${facts.size} ${facts.mtimeMs}`
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

async function takeImage(
  folder: string,
  source: string,
  say: ImageProgress,
  signal: AbortSignal,
): Promise<GuestImage> {
  const incoming = join(folder, 'incoming.disk')
  try {
    const sha256 = await fetchImage(source, incoming, say, signal)
    const id = `own-${sha256.slice(0, 16)}`
    const known = await readImage(join(folder, id))
    if (known !== null) return known
    const { format: diskFormat, virtualSizeMiB } = await examineImage(incoming, signal)
    await chmod(incoming, 0o444)
    const disk = `disk.${diskFormat}`
    const facts = { id, disk, diskFormat, virtualSizeMiB }
    const note: ImageNote = { ...facts, hasJupyter: false, bootsDirectly: false }
    return await finish(folder, note, (work) => rename(incoming, join(work, disk)))
  } finally {
    await rm(incoming, { force: true })
  }
}

/** Makes the image beside its place, then moves it there in one step. */
async function finish(
  folder: string,
  note: ImageNote,
  make: (work: string) => Promise<void>,
): Promise<GuestImage> {
  const work = join(folder, `${note.id}.new`)
  const place = join(folder, note.id)
  await rm(work, { recursive: true, force: true })
  await mkdir(work)
  try {
    await make(work)
    await writeFile(join(work, 'image.json'), `${JSON.stringify(note, null, 2)}\n`)
    await rm(place, { recursive: true, force: true })
    await rename(work, place)
  } catch (error) {
    await rm(work, { recursive: true, force: true })
    throw error
  }
  const image = await readImage(place)
  if (image === null) throw new Error(`The image in ${place} vanished right after it was made.`)
  return image
}

/** The finished image in a folder, or null when there is none or a part of it is gone. */
async function readImage(place: string): Promise<GuestImage | null> {
  try {
    const note = JSON.parse(await readFile(join(place, 'image.json'), 'utf8')) as ImageNote
    const image: GuestImage = {
      id: note.id,
      diskPath: join(place, note.disk),
      diskFormat: note.diskFormat,
      virtualSizeMiB: note.virtualSizeMiB,
      hasJupyter: note.hasJupyter,
      kernel: note.bootsDirectly
        ? { kernelPath: join(place, 'vmlinuz'), initrdPath: join(place, 'initrd.img') }
        : null,
    }
    await Promise.all(
      [image.diskPath, image.kernel?.kernelPath, image.kernel?.initrdPath].map(
        async (path) => path !== undefined && (await stat(path)),
      ),
    )
    return image
  } catch {
    return null
  }
}

/** Passes on at most four messages a second, and the last one again when nothing new came for two. */
function throttled(progress: ImageProgress) {
  let last: string | null = null
  let saidAt = 0
  const say = (message: string) => {
    last = message
    if (Date.now() - saidAt < 250) return
    saidAt = Date.now()
    progress(message)
  }
  const timer = setInterval(() => last !== null && say(last), 1_900)
  return { say, stop: () => clearInterval(timer) }
}
