import { describe, expect, it } from 'vitest'
import { outsideObjects, webhookService } from './kueue-objects.ts'

const service = { name: webhookService, namespace: 'kueue-system' }

describe('Kueue outside the cluster', () => {
  it('is reached at its port by every reference to its webhooks', () => {
    const [definition] = outsideObjects(
      [
        {
          apiVersion: 'apiextensions.k8s.io/v1',
          kind: 'CustomResourceDefinition',
          metadata: { name: 'd' },
          spec: { conversion: { webhook: { clientConfig: { service } } } },
        },
      ],
      1234,
    )

    expect(definition?.spec).toEqual({
      conversion: { webhook: { clientConfig: { service: { ...service, port: 1234 } } } },
    })
  })

  it('keeps only the webhooks of what it looks after, and no Deployment', () => {
    const objects = outsideObjects(
      [
        { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' } },
        {
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind: 'ValidatingWebhookConfiguration',
          metadata: { name: 'w' },
          webhooks: [
            { name: 'vjob.kb.io', clientConfig: { service } },
            { name: 'vraycluster.kb.io', clientConfig: { service } },
          ],
        },
      ],
      1234,
    )

    expect(objects.map(({ kind }) => kind)).toEqual(['ValidatingWebhookConfiguration'])
    expect(objects[0]?.webhooks).toEqual([
      { name: 'vjob.kb.io', clientConfig: { service: { ...service, port: 1234 } } },
    ])
  })
})
