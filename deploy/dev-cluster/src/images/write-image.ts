import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import { runCommand } from '../processes/run-command.ts'

export type ImageSpec = {
  /** With a tag: `leasehold.local/task-python:dev`. */
  readonly name: string
  /** Tar files, from the bottom up. */
  readonly layers: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Number or name, and group: `65532:65532`. */
  readonly user?: string
  readonly workingFolder?: string
}

/** The same content always gives the same digest. */
const created = '2026-01-01T00:00:00Z'
const archiveLimitMs = 5 * 60_000
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Writes an OCI image layout as one tar file, which `ctr images import` and `NodeAccess.importImage`
 * take: an image without a registry. Returns the digest of its manifest (`sha256:…`).
 * https://github.com/opencontainers/image-spec
 */
export async function writeImage(
  spec: ImageSpec,
  file: string,
  signal: AbortSignal,
): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true })
  const folder = await mkdtemp(`${file}.`)
  try {
    const blobs = path.join(folder, 'blobs', 'sha256')
    await mkdir(blobs, { recursive: true })
    const layers = []
    for (const layer of spec.layers) layers.push(await writeLayer(layer, blobs, signal))
    const config = await writeBlob(blobs, configOf(spec, layers))
    const manifest = await writeBlob(blobs, {
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: layers.map(({ digest, size }) => ({ mediaType: layerType, digest, size })),
    })
    await writeFile(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    await writeFile(path.join(folder, 'index.json'), JSON.stringify(indexOf(spec, manifest)))
    await runCommand(
      'tar',
      ['-C', folder, '-cf', `${file}.new`, 'oci-layout', 'index.json', 'blobs'],
      {
        signal,
        timeoutMs: archiveLimitMs,
      },
    )
    await rename(`${file}.new`, file)
    return manifest.digest
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const layerType = 'application/vnd.oci.image.layer.v1.tar+zstd'
const platform = { architecture: 'amd64', os: 'linux' }

type Blob = { readonly digest: string; readonly size: number }
type Layer = Blob & { readonly contentDigest: string }

/** Compressed on the way; both digests are taken in one pass. */
async function writeLayer(tar: string, blobs: string, signal: AbortSignal): Promise<Layer> {
  const content = createHash('sha256')
  const compressed = createHash('sha256')
  const unfinished = path.join(blobs, 'layer.new')
  await pipeline(
    createReadStream(tar),
    hashing(content),
    createZstdCompress(),
    hashing(compressed),
    createWriteStream(unfinished),
    { signal },
  )
  const hex = compressed.digest('hex')
  await rename(unfinished, path.join(blobs, hex))
  const { size } = await stat(path.join(blobs, hex))
  return { digest: `sha256:${hex}`, size, contentDigest: `sha256:${content.digest('hex')}` }
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform: (chunk, _, done) => {
      hash.update(chunk)
      done(null, chunk)
    },
  })
}

async function writeBlob(blobs: string, value: unknown): Promise<Blob> {
  const text = JSON.stringify(value)
  const hex = createHash('sha256').update(text).digest('hex')
  await writeFile(path.join(blobs, hex), text)
  return { digest: `sha256:${hex}`, size: Buffer.byteLength(text) }
}

function configOf(spec: ImageSpec, layers: readonly Layer[]): unknown {
  const variables = Object.entries({ PATH: usualPath, ...spec.env })
  return {
    ...platform,
    created,
    config: {
      Env: variables.map(([name, value]) => `${name}=${value}`),
      ...(spec.entrypoint === undefined ? {} : { Entrypoint: spec.entrypoint }),
      ...(spec.command === undefined ? {} : { Cmd: spec.command }),
      ...(spec.user === undefined ? {} : { User: spec.user }),
      ...(spec.workingFolder === undefined ? {} : { WorkingDir: spec.workingFolder }),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ contentDigest }) => contentDigest) },
    history: layers.map(() => ({ created })),
  }
}

function indexOf({ name }: ImageSpec, manifest: Blob): unknown {
  const tag = name.slice(name.lastIndexOf(':') + 1)
  const annotations = {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': tag,
  }
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ mediaType: manifestType, ...manifest, platform, annotations }],
  }
}
