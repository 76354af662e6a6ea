import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kinds } from './kinds.ts'
import type { KubeClient } from './kube-client.ts'
import { openKubeClient } from './open-kube-client.ts'
import {
  failureOf,
  type HostileServer,
  json,
  kubeconfigText,
  openHostileServer,
  refuse,
} from './testing/hostile-server.ts'
import { quickTime } from './testing/quick-time.ts'

const stored = { metadata: { name: 'one', namespace: 'tenant', uid: 'u', resourceVersion: '1' } }
const ref = { kind: kinds.configMaps, namespace: 'tenant', name: 'one' }
const soon = { timeout: 5_000, interval: 5 }

describe('credentials', () => {
  const { signal } = new AbortController()
  const warnings: unknown[] = []
  const log = { info() {}, warn: (fields: object) => warnings.push(fields), error() {} }
  let server: HostileServer
  let client: KubeClient | null

  beforeEach(async () => {
    server = await openHostileServer()
    server.handle(json(stored))
    client = null
    warnings.length = 0
  })
  afterEach(async () => {
    await client?.close()
    await server.close()
  })

  const inFolder = (name: string) => path.join(server.folder, name)
  /** As a rotation does it: in one step. */
  const put = async (name: string, text: string) => {
    await writeFile(inFolder(`${name}.new`), text)
    await rename(inFolder(`${name}.new`), inFolder(name))
  }
  const open = async (user: object) => {
    await put('kubeconfig', kubeconfigText(`http://127.0.0.1:${server.port}`, user))
    client = await openKubeClient({
      settings: { file: server.kubeconfig },
      log,
      time: quickTime(1_000),
    })
    return client
  }
  const ask = async () => {
    await client?.get(ref, signal)
    return server.calls.at(-1)?.authorization
  }
  /** Accepts this token only, as a server does. */
  const accept = (good: string) =>
    server.handle((call) =>
      call.authorization === `Bearer ${good}`
        ? json(stored)(call)
        : refuse(401, 'Unauthorized')(call),
    )

  it('follow a token file that is changed under way', async () => {
    await put('token', 'first\n')
    await open({ tokenFile: 'token' })
    expect(await ask()).toBe('Bearer first')

    await put('token', 'second\n')

    await expect.poll(ask, soon).toBe('Bearer second')
  })

  it('are read again at once when the server refuses them', async () => {
    await put('token', 'first')
    await open({ tokenFile: 'token' })
    await ask()
    await put('token', 'second')
    accept('second')

    expect(await ask()).toBe('Bearer second')
  })

  it('stay in use while new ones cannot be read, and say so', async () => {
    await put('token', 'first')
    await open({ tokenFile: 'token' })
    await rm(inFolder('token'))

    await expect
      .poll(async () => [await ask(), warnings.length > 0], soon)
      .toEqual(['Bearer first', true])
  })

  it('follow a kubeconfig that is written anew', async () => {
    await open({ token: 'first' })
    await put('kubeconfig', kubeconfigText(`http://127.0.0.1:${server.port}`, { token: 'second' }))

    await expect.poll(ask, soon).toBe('Bearer second')
  })

  it('tell of a token that has expired as the refusal it is, after few attempts', async () => {
    await open({ token: 'expired' })
    accept('another')

    expect(await failureOf(ask())).toMatchObject({ status: 401, reason: 'Unauthorized' })
    expect(server.calls.length).toBeLessThanOrEqual(5)
  })

  it('of the pod we run in are its service account', async () => {
    const folder = inFolder('serviceaccount')
    await mkdir(folder)

    const error = await failureOf(
      openKubeClient({ settings: null, log, serviceAccountFolder: folder }),
    )

    expect((error as Error).message).toContain(path.join(folder, 'token'))
  })

  it('never travel readable to another machine', async () => {
    await put('kubeconfig', kubeconfigText('http://192.0.2.7:6443', { token: 'first' }))

    const error = await failureOf(openKubeClient({ settings: { file: server.kubeconfig }, log }))

    expect((error as Error).message).toContain('must be https')
  })
})
