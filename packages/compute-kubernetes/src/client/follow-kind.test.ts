import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kinds } from './kinds.ts'
import type { KubeClient } from './kube-client.ts'
import type { KubeObject } from './kube-object.ts'
import { openKubeClient } from './open-kube-client.ts'
import { type HostileServer, json, openHostileServer, refuse } from './testing/hostile-server.ts'
import { type QuickTime, quickTime } from './testing/quick-time.ts'
import { openWatchServer, type WatchServer } from './testing/watch-server.ts'
import type { CacheChange, WatchCache } from './watch-cache.ts'

type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> }

const object = (name: string, resourceVersion: string, uid = `uid-of-${name}`) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'tenant', uid, resourceVersion },
  data: { version: resourceVersion },
})

describe('a watch cache before a hostile API server', () => {
  let server: HostileServer
  let watches: WatchServer
  let client: KubeClient
  let time: QuickTime
  let ended: AbortController
  let cache: WatchCache<ConfigMap>
  let changes: CacheChange<ConfigMap>[]
  const warnings: object[] = []
  const log = { info() {}, warn: (fields: object) => warnings.push(fields), error() {} }

  beforeEach(async () => {
    server = await openHostileServer()
    watches = openWatchServer(server)
    time = quickTime(100)
    client = await openKubeClient({ settings: { file: server.kubeconfig }, log, time })
    ended = new AbortController()
    changes = []
    watches.list([object('old', '5')], '10')
    const note = (change: CacheChange<ConfigMap>) => void changes.push(change)
    cache = client.watchCache<ConfigMap>(kinds.configMaps, {}, note, ended.signal)
    await cache.synced(ended.signal)
    await watches.connected(1)
  })
  afterEach(async () => {
    ended.abort()
    await client.close()
    await server.close()
  })

  const versionOf = (name: string) => cache.get('tenant', name)?.data?.version ?? null
  const told = () => changes.map(({ type, object: of }) => `${type} ${of.metadata.name}`)
  const soon = { timeout: 5_000, interval: 5 }

  it('asks for bookmarks, from the version of its list', () => {
    expect(watches.queries[0]).toMatchObject({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '10',
    })
    expect(Number(watches.queries[0]?.timeoutSeconds)).toBeGreaterThanOrEqual(300)
  })

  it('goes on where it was when the server ends a watch, without a second list', async () => {
    watches.send('ADDED', object('new', '11'))
    watches.send('BOOKMARK', object('', '40'))
    await expect.poll(() => versionOf('new'), soon).toBe('11')

    watches.end()
    await watches.connected(2)

    expect(watches.queries[1]).toMatchObject({ resourceVersion: '40' })
    expect(watches.lists()).toBe(1)
    await expect.poll(() => cache.isFresh(), soon).toBe(true)
  })

  it('ends with the youngest state whatever is doubled, late or out of order', async () => {
    watches.send('MODIFIED', object('old', '20'))
    watches.send('MODIFIED', object('old', '12'))
    watches.send('MODIFIED', object('old', '20'))
    watches.send('ADDED', object('short', '21'))
    watches.send('DELETED', object('short', '22'))
    watches.send('MODIFIED', object('short', '21'))
    watches.send('ADDED', object('short', '30', 'another uid'))
    watches.send('DELETED', object('short', '22'))
    watches.send('ADDED', object('last', '31'))
    await expect.poll(() => versionOf('last'), soon).toBe('31')

    expect(versionOf('old')).toBe('20')
    expect(cache.get('tenant', 'short')?.metadata.uid).toBe('another uid')
    expect(told()).toEqual([
      'changed old',
      'changed old',
      'changed short',
      'removed short',
      'changed short',
      'changed last',
    ])
  })

  it('reads everything again when its version is too old, and drops what went meanwhile', async () => {
    watches.list([object('new', '50')], '60')
    watches.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })

    await expect.poll(() => versionOf('new'), soon).toBe('50')

    expect(cache.get('tenant', 'old')).toBeNull()
    expect(told()).toEqual(['changed old', 'removed old', 'changed new'])
    await watches.connected(2)
    expect(watches.queries[1]).toMatchObject({ resourceVersion: '60' })
  })

  it.each([
    ['an event that is not JSON', '{"type":"MODIFIED","object":{"meta\n'],
    ['an event of an unknown shape', '{"type":7}\n'],
    ['an object without a uid', '{"type":"ADDED","object":{"metadata":{"name":"x"}}}\n'],
    ['an absurdly deep event', `${'['.repeat(5_000)}${']'.repeat(5_000)}\n`],
  ])('reads everything again after %s', async (_name, line) => {
    watches.list([object('new', '50')], '60')

    watches.raw(line)

    await expect.poll(() => versionOf('new'), soon).toBe('50')
    expect(watches.lists()).toBe(2)
  })

  it('takes an event in small pieces, and one cut inside a letter', async () => {
    const line = Buffer.from(
      `${JSON.stringify({ type: 'ADDED', object: { ...object('new', '11'), data: { version: 'größer' } } })}\n`,
    )
    for (const byte of line) watches.raw(Buffer.from([byte]))

    await expect.poll(() => versionOf('new'), soon).toBe('größer')
  })

  it('takes up a watch that says nothing for 90 seconds where it was, without a word', async () => {
    const since = time.now()
    warnings.length = 0

    await watches.connected(2)

    expect(time.now() - since).toBeGreaterThanOrEqual(89_000)
    expect(time.waits).toContain(90_000)
    expect(watches.queries[1]).toMatchObject({ resourceVersion: '10' })
    expect(watches.lists()).toBe(1)
    expect(warnings).toEqual([])
  })

  it('is not fresh while the server refuses, tries less and less often, and knows everything after', async () => {
    watches.refuse(refuse(500, 'InternalError'))
    const before = watches.attempts()
    const since = time.now()
    watches.end()

    await expect.poll(() => cache.isFresh(), soon).toBe(false)
    await expect.poll(() => time.now() - since, soon).toBeGreaterThan(120_000)
    const attempts = watches.attempts() - before
    expect(cache.isFresh()).toBe(false)
    expect(versionOf('old')).toBe('5')
    watches.list([object('new', '50')], '60')
    watches.refuse(null)
    await expect.poll(() => cache.isFresh(), soon).toBe(true)

    expect(attempts).toBeLessThan(60)
    expect(versionOf('new')).toBe('50')
    expect(cache.get('tenant', 'old')).toBeNull()
  })

  it('does not storm a server that ends every watch at once', async () => {
    watches.endAtOnce(true)
    watches.end()
    const since = time.now()

    await expect.poll(() => time.now() - since, soon).toBeGreaterThan(60_000)

    expect(watches.attempts()).toBeLessThan(25)
  })

  it('goes on when a listener fails', async () => {
    const bad = client.watchCache<ConfigMap>(
      kinds.configMaps,
      {},
      () => {
        throw new Error('a mistake of ours')
      },
      ended.signal,
    )

    await bad.synced(ended.signal)

    expect(bad.get('tenant', 'old')).not.toBeNull()
  })

  it('keeps what it was told by a write, though an older list comes after', async () => {
    cache.remember(object('mine', '70'))
    watches.list([object('old', '5')], '60')
    watches.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })
    await watches.connected(2)

    expect(versionOf('mine')).toBe('70')
  })

  it('keeps only what it is asked to keep', async () => {
    const slim = client.watchCache<ConfigMap>(
      kinds.configMaps,
      { project: ({ metadata }) => ({ metadata }) },
      () => {},
      ended.signal,
    )

    await slim.synced(ended.signal)

    expect(slim.list()).toEqual([{ metadata: object('old', '5').metadata }])
  })

  it('tells once that a watch was lost, without a credential', async () => {
    warnings.length = 0
    watches.refuse(json({ kind: 'Status', reason: 'Forbidden', message: 'no', code: 403 }, 403))
    watches.end()

    await expect.poll(() => warnings.length, soon).toBeGreaterThan(0)

    expect(warnings[0]).toMatchObject({ kind: 'configmaps', err: { status: 403 } })
  })
})
