import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kinds } from './kinds.ts'
import type { KubeClient } from './kube-client.ts'
import { type KubeError, KubeUnavailable } from './kube-error.ts'
import { openKubeClient } from './open-kube-client.ts'
import {
  breakOff,
  failureOf,
  type HostileServer,
  hangUp,
  json,
  openHostileServer,
  refuse,
  sayNothing,
  token,
} from './testing/hostile-server.ts'
import { type QuickTime, quickTime } from './testing/quick-time.ts'

const log = { info() {}, warn() {}, error() {} }
const ref = { kind: kinds.configMaps, namespace: 'tenant', name: 'one' }
const labels = { 'leasehold.dev/lease': 'lse_one' }
const stored = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'one', namespace: 'tenant', uid: 'u-1', resourceVersion: '7', labels },
}
const manifest = { metadata: { name: 'one', namespace: 'tenant', labels } }
const missing = refuse(404, 'NotFound', 'no such object', {}, { name: 'one' })
const taken = refuse(409, 'AlreadyExists', 'configmaps "one" already exists', {}, { name: 'one' })

describe('writes before a hostile API server', () => {
  const { signal } = new AbortController()
  let server: HostileServer
  let client: KubeClient
  let time: QuickTime

  beforeEach(async () => {
    server = await openHostileServer()
    time = quickTime(50)
    client = await openKubeClient({ settings: { file: server.kubeconfig }, log, time })
  })
  afterEach(async () => {
    await client.close()
    await server.close()
  })
  const methods = () => server.calls.map(({ method }) => method)

  describe('when a create is lost on its way back', () => {
    it('asks again, and takes the object of its own labels for its own', async () => {
      server.script(breakOff, taken, json(stored))

      const made = await client.create(kinds.configMaps, manifest, signal)

      expect(made.metadata.uid).toBe('u-1')
      expect(methods()).toEqual(['POST', 'POST', 'GET'])
    })

    it('does not adopt a stranger of the same name', async () => {
      const stranger = { ...stored, metadata: { ...stored.metadata, labels: { app: 'other' } } }
      server.script(hangUp, taken, json(stranger))

      expect(await failureOf(client.create(kinds.configMaps, manifest, signal))).toMatchObject({
        reason: 'AlreadyExists',
      })
    })

    it('believes a first AlreadyExists without asking', async () => {
      server.handle(taken)

      expect(await failureOf(client.create(kinds.configMaps, manifest, signal))).toMatchObject({
        reason: 'AlreadyExists',
      })
      expect(methods()).toEqual(['POST'])
    })
  })

  it('does not repeat an action that may have been done', async () => {
    server.handle(hangUp)
    const vm = { kind: kinds.virtualMachines, namespace: 'tenant', name: 'one' }

    const error = await failureOf(client.subresource(vm, 'restart', 'PUT', {}, signal))

    expect(error).toBeInstanceOf(KubeUnavailable)
    expect(server.calls.map(({ url }) => url)).toEqual([
      '/apis/subresources.kubevirt.io/v1/namespaces/tenant/virtualmachines/one/restart',
    ])
  })

  it('repeats an action that was refused before it was done', async () => {
    server.script(refuse(429, 'TooManyRequests'), ({ response }) => response.writeHead(202).end())
    const vm = { kind: kinds.virtualMachines, namespace: 'tenant', name: 'one' }

    expect(await client.subresource(vm, 'start', 'PUT', {}, signal)).toBeNull()
    expect(server.calls).toHaveLength(2)
  })

  it('tells a deletion of another object of the same name apart from one that came too late', async () => {
    const other = { ...stored, metadata: { ...stored.metadata, uid: 'u-2' } }
    server.script(refuse(409, 'Conflict', 'Precondition failed'), json(other), missing)

    expect(await client.delete(ref, signal, { uid: 'u-1' })).toBe('uid-differs')
    expect(await client.delete(ref, signal, { uid: 'u-1' })).toBe('absent')
  })

  it.each([{}, { name: 'one', namespace: 'tenant' }, { name: 'one', uid: 'u-1' }])(
    'takes an object with %o as the answer to a deletion that was under way already',
    async (metadata) => {
      server.script(json({ kind: 'Pod', apiVersion: 'v1', metadata }))

      expect(await client.delete(ref, signal, { uid: 'u-1' })).toBe('deleted')
    },
  )

  it('reads a list page by page, and anew when the server forgot its version', async () => {
    const page = (names: string[], next: string) => ({
      metadata: { resourceVersion: '9', continue: next },
      items: names.map((name) => ({ metadata: { ...stored.metadata, name, uid: name } })),
    })
    server.script(
      json(page(['a'], 'more')),
      refuse(410, 'Expired', 'too old'),
      json(page(['b'], 'more')),
      json(page(['c'], '')),
    )

    const { items, resourceVersion } = await client.list(kinds.configMaps, {}, signal)

    expect(items.map(({ metadata }) => metadata.name)).toEqual(['b', 'c'])
    expect(resourceVersion).toBe('9')
    expect(
      server.calls.map(({ url }) => new URL(url, 'http://x').searchParams.get('continue')),
    ).toEqual([null, 'more', null, 'more'])
  })

  it('never shows its token, whatever the server says', async () => {
    server.handle(
      refuse(
        403,
        'Forbidden',
        `no "${token}"\n\u001b[31mred Bearer abcdefghijkl eyJhbGciOiJS.eyJzdWIi.c2ln`,
        {},
        {
          causes: [{ field: token, message: `Authorization: Bearer ${token}` }],
        },
      ),
    )

    const error = (await failureOf(client.get(ref, signal))) as KubeError

    const shown = JSON.stringify([error.message, error.causes, error.stack, client.metrics()])
    expect(error.status).toBe(403)
    expect(server.calls[0]?.authorization).toBe(`Bearer ${token}`)
    expect(shown).not.toMatch(/tok-4f1c|eyJ|abcdefghijkl|\\u001b/)
  })

  it('counts requests by verb, kind and status, and by the lease they are about', async () => {
    server.script(json(stored, 201), refuse(500, 'InternalError'), missing)

    await client.create(kinds.configMaps, manifest, signal)
    await client.get({ ...ref, name: 'lse-one-seed' }, signal)

    expect(client.metrics()).toMatchObject({
      requests: [
        { verb: 'create', kind: 'configmaps', status: 201, count: 1 },
        { verb: 'get', kind: 'configmaps', status: 500, count: 1 },
        { verb: 'get', kind: 'configmaps', status: 404, count: 1 },
      ],
      retries: 1,
    })
    expect([...client.metrics().bySubject]).toEqual([['lse_one', { reads: 2, writes: 1 }]])
  })

  it('writes with one field manager and refuses unknown fields', async () => {
    server.handle(json(stored))

    await client.apply(kinds.configMaps, manifest, signal)

    const [call] = server.calls
    const { searchParams } = new URL(call?.url ?? '', 'http://x')
    expect(Object.fromEntries(searchParams)).toEqual({
      fieldManager: 'leasehold',
      fieldValidation: 'Strict',
      force: 'true',
    })
    expect(call?.request.headers['content-type']).toBe('application/apply-patch+yaml')
  })

  it.each(['', '.', '..', 'a/b', 'a%2fb', 'a?x=1'])(
    'refuses the name %j, which would lead elsewhere',
    async (name) => {
      await expect(client.get({ ...ref, name }, signal)).rejects.toBeInstanceOf(TypeError)
      expect(server.calls).toEqual([])
    },
  )

  it('ends what is under way when it is closed', async () => {
    server.handle(sayNothing)
    const call = failureOf(client.get(ref, signal))
    await expect.poll(() => server.calls).toHaveLength(1)

    await client.close()

    expect(await call).toBeInstanceOf(KubeUnavailable)
  })
})
