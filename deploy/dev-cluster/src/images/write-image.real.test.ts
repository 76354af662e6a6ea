import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../processes/run-command.ts'
import { packLayer } from './pack-layer.ts'
import { writeImage } from './write-image.ts'

const { signal } = new AbortController()

describe('an image without a registry', () => {
  let work: string
  beforeEach(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'leasehold-image-'))
  })
  afterEach(() => rm(work, { recursive: true }))

  it('has the same digest whenever it is made from the same files', async () => {
    expect(await make('one', 'content')).toBe(await make('two', 'content'))
    expect(await make('three', 'other')).not.toBe(await make('four', 'content'))
  })

  it('names itself and its layers in the way that the standard says', async () => {
    const digest = await make('image', 'content')
    const unpacked = path.join(work, 'unpacked')
    await mkdir(unpacked)
    await run('tar', ['-C', unpacked, '-xf', path.join(work, 'image.tar')])
    const blob = (name: string) =>
      readFile(path.join(unpacked, 'blobs', name.replace(':', '/')), 'utf8')

    const index = JSON.parse(await readFile(path.join(unpacked, 'index.json'), 'utf8'))
    const manifest = JSON.parse(await blob(digest))
    const config = JSON.parse(await blob(manifest.config.digest))
    const layer = path.join(unpacked, 'blobs', manifest.layers[0].digest.replace(':', '/'))

    expect(index.manifests[0]).toMatchObject({
      digest,
      annotations: { 'io.containerd.image.name': 'example.test/image:dev' },
    })
    expect(config.config).toMatchObject({ Entrypoint: ['/program'], User: '65532' })
    expect(config.config.Env).toContain('KIND=test')
    const sums = await run('sh', [
      '-c',
      'sha256sum < "$1"; zstd -dc < "$1" | sha256sum',
      'sum',
      layer,
    ])
    expect(sums.split('\n').map((line) => `sha256:${line.slice(0, 64)}`)).toEqual([
      manifest.layers[0].digest,
      config.rootfs.diff_ids[0],
      'sha256:',
    ])
  })

  async function make(name: string, content: string): Promise<string> {
    const root = path.join(work, `${name}-root`)
    await mkdir(root)
    await writeFile(path.join(root, 'program'), content)
    const layer = path.join(work, `${name}-layer.tar`)
    await packLayer(root, layer, signal)
    return await writeImage(
      {
        name: 'example.test/image:dev',
        layers: [layer],
        entrypoint: ['/program'],
        env: { KIND: 'test' },
        user: '65532',
      },
      path.join(work, `${name}.tar`),
      signal,
    )
  }

  function run(program: string, args: readonly string[]): Promise<string> {
    return runCommand(program, args, { signal, timeoutMs: 20_000 })
  }
})
