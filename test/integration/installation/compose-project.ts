import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readCompose } from '../../../deploy/images/src/compose-document.ts'
import { copySources } from './build-images.ts'
import { makeStandInImages } from './stand-in-images.ts'

const run = promisify(execFile)
const limits = { maxBuffer: 64 * 1_048_576, timeout: 1_500_000 }
const project = 'leasehold-test'

/** Why no engine runs docker-compose.yml here; null when one does. */
export async function findEngine(): Promise<string | null> {
  if (process.env.DOCKER_HOST === undefined)
    return 'DOCKER_HOST names no Docker engine: test/services/docker/with-docker.sh starts one'
  for (const words of [['compose', 'version'], ['info']]) {
    const failed = await run('docker', words, { timeout: 60_000 }).then(
      () => null,
      (error: Error) => error.message,
    )
    if (failed !== null) return `docker ${words[0]} failed: ${failed.split('\n').at(-2)}`
  }
  return null
}

export type ComposeProject = {
  compose(...words: readonly string[]): Promise<string>
  secret(name: string): Promise<string>
  /** What the engine still has of it. */
  leftovers(): Promise<readonly string[]>
  close(): Promise<void>
}

/** A copy of the checkout with secrets of its own, as a project of its own. Nothing is started. */
export async function openComposeProject(signal: AbortSignal): Promise<ComposeProject> {
  const { postgres, redis, keycloak, s3 } = readCompose().services
  const images = { postgres, redis, keycloak, seaweedfs: s3 }
  await makeStandInImages(
    Object.fromEntries(Object.entries(images).map(([name, one]) => [name, one?.image ?? ''])),
    signal,
  )
  const folder = await mkdtemp(join(tmpdir(), 'compose-up-'))
  await chmod(folder, 0o755)
  await copySources(folder)
  await run('sh', ['deploy/compose/make-secrets.sh'], { cwd: folder })
  const docker = async (...words: readonly string[]) => {
    const options = { ...limits, cwd: folder, signal }
    return (await run('docker', words, options)).stdout
  }
  const compose = (...words: readonly string[]) =>
    docker('compose', '--project-name', project, ...words)
  return {
    compose,
    secret: (name) => readFile(join(folder, 'deploy/compose/secrets', name), 'utf8'),
    leftovers: async () => {
      const filter = ['--quiet', '--filter', `label=com.docker.compose.project=${project}`]
      const found = [
        await docker('ps', '--all', ...filter),
        await docker('volume', 'ls', ...filter),
        await docker('network', 'ls', ...filter),
      ]
      return found.flatMap((lines) => lines.split('\n')).filter((line) => line !== '')
    },
    close: async () => {
      await compose('down', '--volumes', '--timeout', '5')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
