import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { kinds } from '../kinds.ts'
import type { KubeClient } from '../kube-client.ts'
import {
  type ConfigMap,
  contractTools,
  type KubeClientHarness,
  nowhere,
  refusalOf,
} from './contract-tools.ts'
import { deletionContract } from './deletion-contract.ts'
import { watchCacheContract } from './watch-cache-contract.ts'

/** What every client of an API server promises. Run it against the fake and against the real one on a real cluster. */
export function kubeClientContract(name: string, open: () => Promise<KubeClientHarness>) {
  describe(`kube client: ${name}`, { timeout: 60_000 }, () => {
    const tools = contractTools(open)
    const { signal, configMap, refOf, create, read } = tools
    let client: KubeClient
    let namespace: string
    let label = ''

    beforeAll(async () => {
      ;({ client, namespace } = await tools.open())
    }, 120_000)
    beforeEach(() => {
      label = tools.nextLabel()
    })
    afterAll(() => tools.close())

    describe('reading and writing', () => {
      it('answers null for an object that is not there', async () => {
        expect(await read()).toBeNull()
      })

      it('creates an object once, and says so the second time', async () => {
        const made = await create({ a: '1' })

        const refusal = await refusalOf(create({ a: '2' }))

        expect(refusal).toMatchObject({ status: 409, reason: 'AlreadyExists' })
        expect(await read()).toMatchObject({
          kind: 'ConfigMap',
          data: { a: '1' },
          metadata: { uid: made.metadata.uid, resourceVersion: made.metadata.resourceVersion },
        })
      })

      it('refuses a name that no object can have, with the field at fault', async () => {
        const refusal = await refusalOf(create({}, 'Not_A_Name'))

        expect(refusal).toMatchObject({ status: 422, reason: 'Invalid', isRetryable: false })
        expect(refusal.causes[0]).toMatchObject({ field: 'metadata.name' })
      })

      it('refuses to create in a namespace that is not there', async () => {
        const manifest = { metadata: { name: label, namespace: 'not-there' } }

        const refusal = await refusalOf(client.create(kinds.configMaps, manifest, signal))

        expect(refusal).toMatchObject({ status: 404, reason: 'NotFound' })
      })

      it('tells a kind that the cluster does not serve from an object that is not there', async () => {
        const ref = { kind: nowhere, namespace, name: label }

        expect(await refusalOf(client.get(ref, signal))).toMatchObject({ reason: 'KindNotServed' })
        expect(await refusalOf(client.list(nowhere, { namespace }, signal))).toMatchObject({
          reason: 'KindNotServed',
        })
        expect(await refusalOf(client.delete(ref, signal))).toMatchObject({
          reason: 'KindNotServed',
        })
      })

      it('checks a write without doing it when asked for a dry run', async () => {
        await client.create(kinds.configMaps, configMap({}), signal, { dryRun: true })

        expect(await read()).toBeNull()
      })

      it('gives up with the reason of a signal that has aborted', async () => {
        const reason = new Error('not wanted any more')

        await expect(client.get(refOf(), AbortSignal.abort(reason))).rejects.toBe(reason)
      })
    })

    describe('server-side apply', () => {
      const apply = (data: Record<string, string>, options = {}) =>
        client.apply<ConfigMap>(kinds.configMaps, configMap(data), signal, options)

      it('creates what is missing, and changes nothing the second time', async () => {
        const first = await apply({ a: '1' })
        const second = await apply({ a: '1' })

        expect(second.metadata).toMatchObject({
          uid: first.metadata.uid,
          resourceVersion: first.metadata.resourceVersion,
        })
      })

      it('removes a field that it applied before and does not any more, and leaves those of others', async () => {
        await apply({ a: '1', b: '2' })
        await client.mergePatch(refOf(), { data: { c: '3' } }, signal)

        await apply({ a: '1' })

        expect((await read())?.data).toEqual({ a: '1', c: '3' })
      })

      it('takes over a field that another manager owns, unless told not to', async () => {
        await create({ a: 'theirs' })

        const refusal = await refusalOf(apply({ a: 'ours' }, { force: false }))
        await apply({ a: 'ours' })

        expect(refusal).toMatchObject({ status: 409, reason: 'Conflict' })
        expect(refusal.causes[0]).toMatchObject({ reason: 'FieldManagerConflict' })
        expect((await read())?.data).toEqual({ a: 'ours' })
      })

      it('refuses to be applied onto another object of the same name', async () => {
        await create()
        const manifest = configMap({ a: '1' })
        const uid = '11111111-2222-4333-8444-555555555555'

        const refusal = await refusalOf(
          client.apply(
            kinds.configMaps,
            { ...manifest, metadata: { ...manifest.metadata, uid } },
            signal,
          ),
        )

        expect(refusal).toMatchObject({ status: 422, reason: 'Invalid' })
        expect(refusal.causes[0]).toMatchObject({ field: 'metadata.uid' })
      })

      it('does not create anew what it was meant to change', async () => {
        const manifest = configMap({ a: '1' })
        const uid = '11111111-2222-4333-8444-555555555555'

        const refusal = await refusalOf(
          client.apply(
            kinds.configMaps,
            { ...manifest, metadata: { ...manifest.metadata, uid } },
            signal,
          ),
        )

        expect(refusal).toMatchObject({ status: 409, reason: 'Conflict' })
        expect(await read()).toBeNull()
      })
    })

    describe('a merge patch', () => {
      it('adds, changes and removes fields', async () => {
        await create({ a: '1', b: '2' })

        await client.mergePatch(refOf(), { data: { a: '9', b: null, c: '3' } }, signal)

        expect((await read())?.data).toEqual({ a: '9', c: '3' })
      })

      it('is refused when the object is no longer at the version it was meant for', async () => {
        const { metadata } = await create({ a: '1' })
        await client.mergePatch(refOf(), { data: { a: '2' } }, signal)

        const refusal = await refusalOf(
          client.mergePatch(refOf(), { data: { a: '3' } }, signal, {
            resourceVersion: metadata.resourceVersion,
          }),
        )

        expect(refusal).toMatchObject({ status: 409, reason: 'Conflict' })
        expect((await read())?.data).toEqual({ a: '2' })
      })

      it('is refused for an object that is not there', async () => {
        const refusal = await refusalOf(client.mergePatch(refOf(), { data: { a: '1' } }, signal))

        expect(refusal).toMatchObject({ status: 404, reason: 'NotFound' })
      })
    })

    deletionContract(tools)
    describe('a list', () => {
      it('holds what the label selector asks for, and the version it was read at', async () => {
        await create({}, `${label}-a`)
        await create({}, `${label}-b`)

        const one = await client.list(
          kinds.configMaps,
          { namespace, labelSelector: `contract=${label}` },
          signal,
        )
        const none = await client.list(
          kinds.configMaps,
          { namespace, labelSelector: `contract in (${label}),contract!=${label}` },
          signal,
        )

        expect(one.items.map(({ metadata }) => metadata.name).sort()).toEqual([
          `${label}-a`,
          `${label}-b`,
        ])
        expect(one.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' })
        expect(one.resourceVersion).toMatch(/^\d+$/)
        expect(none.items).toEqual([])
      })

      it('holds what the field selector asks for, in all namespaces when none is named', async () => {
        await create({}, `${label}-a`)
        await create({}, `${label}-b`)

        const { items } = await client.list(
          kinds.configMaps,
          { fieldSelector: `metadata.name=${label}-b`, labelSelector: `contract=${label}` },
          signal,
        )

        expect(items.map(({ metadata }) => metadata.name)).toEqual([`${label}-b`])
      })
    })

    watchCacheContract(tools)

    it('counts what it asked', async () => {
      const misses = () =>
        client
          .metrics()
          .requests.filter(({ verb, kind }) => `${verb} ${kind}` === 'get configmaps')
          .find(({ status }) => status === 404)?.count ?? 0
      const before = misses()

      await read('not-there')

      expect(misses()).toBe(before + 1)
    })
  })
}
