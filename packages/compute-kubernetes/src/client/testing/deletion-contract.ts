import { beforeEach, describe, expect, it } from 'vitest'
import { kinds } from '../kinds.ts'
import type { KubeClient } from '../kube-client.ts'
import { type ContractTools, refusalOf } from './contract-tools.ts'

/** The part of the client's contract that is about the end of objects. */
export function deletionContract({
  signal,
  configMap,
  create,
  read,
  refOf,
  harness,
  label: labelNow,
}: ContractTools) {
  let client: KubeClient
  let label = ''

  beforeEach(() => {
    client = harness().client
    label = labelNow()
  })

  describe('deletion', () => {
    it('tells whether there was something to delete', async () => {
      await create()

      expect(await client.delete(refOf(), signal)).toBe('deleted')
      expect(await client.delete(refOf(), signal)).toBe('absent')
      expect(await read()).toBeNull()
    })

    it('spares a later object of the same name', async () => {
      const first = await create()
      await client.delete(refOf(), signal)
      const second = await create()

      expect(await client.delete(refOf(), signal, { uid: first.metadata.uid })).toBe('uid-differs')
      expect((await read())?.metadata.uid).toBe(second.metadata.uid)
      expect(await client.delete(refOf(), signal, { uid: second.metadata.uid })).toBe('deleted')
    })

    it('waits for finalizers, and is done when the last one is removed', async () => {
      const manifest = configMap({})
      const finalizers = ['leasehold.dev/contract']
      await client.create(
        kinds.configMaps,
        { ...manifest, metadata: { ...manifest.metadata, finalizers } },
        signal,
      )

      expect(await client.delete(refOf(), signal)).toBe('deleted')
      expect((await read())?.metadata.deletionTimestamp).toEqual(expect.any(String))
      await client.mergePatch(refOf(), { metadata: { finalizers: null } }, signal)

      expect(await read()).toBeNull()
    })

    it('takes what the object owned with it', async () => {
      const owner = await create()
      const { name, uid } = owner.metadata
      const manifest = configMap({}, `${label}-owned`)
      const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }]
      await client.create(
        kinds.configMaps,
        { ...manifest, metadata: { ...manifest.metadata, ownerReferences } },
        signal,
      )

      await client.delete(refOf(), signal)

      await expect.poll(() => read(`${label}-owned`), { timeout: 30_000, interval: 100 }).toBeNull()
    })

    it('lets nothing new into a namespace that is going, which goes when it is empty', async () => {
      const { namespace, namespaceLabels } = harness()
      const leaving = { kind: kinds.namespaces, name: `${namespace}-${label}` }
      const inside = { ...refOf(), namespace: leaving.name }
      const manifest = (name: string, finalizers: readonly string[]) => ({
        metadata: { name, namespace: leaving.name, finalizers },
      })
      await client.create(
        kinds.namespaces,
        { metadata: { name: leaving.name, labels: namespaceLabels } },
        signal,
      )
      const held = manifest(label, ['leasehold.dev/contract'])
      await client.create(kinds.configMaps, held, signal)

      await client.delete(leaving, signal)
      const refusal = await refusalOf(client.create(kinds.configMaps, manifest('late', []), signal))
      expect(refusal).toMatchObject({ status: 403, reason: 'Forbidden' })
      expect(refusal.causes[0]).toMatchObject({ reason: 'NamespaceTerminating' })
      await client.mergePatch(inside, { metadata: { finalizers: null } }, signal)

      await expect
        .poll(() => client.get(leaving, signal), { timeout: 50_000, interval: 200 })
        .toBeNull()
    })
  })
}
