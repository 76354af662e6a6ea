import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { step } from '../log.ts'
import { ensureDebianLayer } from './debian-layer.ts'
import { type CachePlace, keepFile } from './keep-file.ts'
import { packLayer } from './pack-layer.ts'
import { type ImageSpec, writeImage } from './write-image.ts'

export const pauseImage = 'leasehold.local/pause:dev'
export const dnsImage = 'leasehold.local/dns:dev'
/** What a task's container may start from: Debian with Python. */
export const taskImage = 'leasehold.local/task-python:dev'

const taskRecipe = {
  name: 'task-python',
  suite: 'bookworm',
  packages: ['ca-certificates', 'python3', 'procps', 'curl'],
  finish: 'echo "task:x:1000:1000::/home/task:/bin/sh" >> "$1/etc/passwd"; mkdir -m 777 "$1/work"',
} as const

/** The archives that every real node imports. */
export async function ensureBaseImages(
  programs: { readonly pause: string; readonly dns: string },
  place: CachePlace,
): Promise<readonly string[]> {
  return [
    await ensureProgramImage(pauseImage, programs.pause, place),
    await ensureProgramImage(dnsImage, programs.dns, place),
    await ensureDebianImage(taskImage, place),
  ]
}

/** An image that holds nothing but one program without dependencies, as `/program`. */
async function ensureProgramImage(
  name: string,
  program: string,
  place: CachePlace,
): Promise<string> {
  const short = shortName(name)
  // The program's folder carries the hash of its sources.
  const recipe = [name, path.basename(path.dirname(program))]
  return await keepFile(place, short, recipe, async (file) => {
    const work = await mkdtemp(`${file}.root-`)
    try {
      const root = path.join(work, 'root')
      await mkdir(root)
      await copyFile(program, path.join(root, 'program'))
      await chmod(path.join(root, 'program'), 0o755)
      const layer = path.join(work, 'layer.tar')
      await packLayer(root, layer, place.signal)
      await writeImage({ name, layers: [layer], entrypoint: ['/program'] }, file, place.signal)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
}

async function ensureDebianImage(name: string, place: CachePlace): Promise<string> {
  const layer = await ensureDebianLayer(taskRecipe, place)
  const spec: ImageSpec = { name, layers: [layer], command: ['python3'], workingFolder: '/work' }
  return await keepFile(place, shortName(name), { ...spec, taskRecipe }, (file) =>
    step(place.log, `write image ${name}`, () => writeImage(spec, file, place.signal)),
  )
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(':', '-')
}
