import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { findBuildPrerequisites, type ImageBuilder, openImageBuilder } from './build-images.ts'
import { type Installation, startInstallation } from './start-installation.ts'

const missing = await findBuildPrerequisites()
const targets = ['api', 'worker', 'gateway', 'migrations', 'doctor'] as const

describe.skipIf(missing !== null)(
  `the images, built by buildah${missing === null ? '' : ` (${missing})`}`,
  { timeout: 600_000 },
  () => {
    let builder: ImageBuilder
    let installation: Installation
    const containers: string[] = []

    beforeAll(async () => {
      installation = await startInstallation()
      builder = await openImageBuilder()
    }, 300_000)
    afterAll(async () => {
      for (const container of containers) await builder.buildah('rm', container)
      await builder?.close()
      await installation?.stop()
    })

    /** A container of an image, and where its files are. */
    async function open(target: string) {
      const container = await builder.buildah(
        'from',
        '--pull-never',
        `localhost/leasehold/${target}:test`,
      )
      containers.push(container)
      const pools = join(installation.folder, 'pools.yaml')
      await builder.buildah('copy', '--quiet', container, pools, '/tmp/pools.yaml')
      const folder = await builder.buildah('mount', container)
      return { container, folder }
    }

    /** As the image says: its user, its environment, its program; with the host's network. */
    function commandIn(container: string, words: readonly string[]): readonly string[] {
      const { LEASEHOLD_POOLS: _pools, PATH: _path, ...usable } = installation.environment
      const pairs = Object.entries({
        ...usable,
        API_HOST: '127.0.0.1',
        OPERATOR_HOST: '127.0.0.1',
        RUN_API_HOST: '127.0.0.1',
        LEASEHOLD_STATE: '/var/lib/leasehold',
        LEASEHOLD_POOLS: '/tmp/pools.yaml',
      })
      const options = pairs.flatMap(([name, value]) => ['--env', `${name}=${value}`])
      return ['run', '--isolation', 'chroot', ...options, container, '--', ...words]
    }

    it.each(targets)('build: %s, without what only developers need', async (target) => {
      await builder.build(target)
      const { folder } = await open(target)

      const app = join(folder, 'app')
      const modules = await readdir(join(app, 'node_modules'))
      for (const name of ['vitest', 'typescript', 'prisma', 'turbo', 'knip', '@biomejs'])
        expect(modules).not.toContain(name)
      expect(existsSync(join(app, 'apps', target, 'src/main.ts'))).toBe(true)
      expect(existsSync(join(app, 'packages/testing/src'))).toBe(false)
      expect(existsSync(join(folder, 'usr/local/bin/npm'))).toBe(false)
      const sources = await readdir(join(app, 'packages'), { recursive: true })
      expect(sources.filter((file) => file.endsWith('.test.ts'))).toEqual([])
    })

    it('run: migrations end well, and again', async () => {
      const { container } = await open('migrations')
      const words = ['node', 'apps/migrations/src/main.ts']

      expect(await builder.buildah(...commandIn(container, words))).toContain('up to date')
      expect(await builder.buildah(...commandIn(container, words))).toContain('"applied":[]')
    })

    it('run: the API answers as nobody special, and its health check says so', async () => {
      const { container, folder } = await open('api')
      const config = JSON.parse(await builder.buildah('inspect', '--type', 'container', container))
      expect(config.OCIv1.config.User).toBe('1000:1000')
      const running = builder.start(...commandIn(container, config.OCIv1.config.Cmd))
      try {
        const port = installation.environment.API_PORT ?? ''
        await waitFor(
          'the API in its image',
          () =>
            fetch(`http://127.0.0.1:${port}/livez`).then(
              ({ status }) => status,
              () => 0,
            ),
          (status) => {
            if (status !== 200 && /subprocess exited/.test(running.said()))
              throw new Error(running.said())
            return status === 200
          },
          { withinMs: 60_000, everyMs: 250 },
        )
        const check = ['node', 'deploy/images/check-health.mjs']
        await builder.buildah(...commandIn(container, [...check, port, '/livez']))
        await expect(
          builder.buildah(...commandIn(container, [...check, '9', '/livez'])),
        ).rejects.toThrow()
        expect(existsSync(join(folder, 'app/node_modules/@leasehold/api'))).toBe(true)
      } finally {
        await running.stop()
      }
    })
  },
)
