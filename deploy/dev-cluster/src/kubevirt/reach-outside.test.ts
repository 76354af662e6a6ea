import { describe, expect, it } from 'vitest'
import { callByAddress, serveByPort } from './reach-outside.ts'

const metadata = { name: 'n' }

describe('a program outside the cluster', () => {
  it('is called by its address, at the path its Service had', () => {
    const configuration = callByAddress(
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata,
        webhooks: [{ name: 'w', clientConfig: { service: { name: 's', path: '/check' } } }],
      },
      'https://127.0.0.1:1234',
      'PEM',
    )

    expect(configuration.webhooks).toEqual([
      {
        name: 'w',
        clientConfig: { url: 'https://127.0.0.1:1234/check', caBundle: btoa('PEM') },
      },
    ])
  })

  it('serves an aggregated API at the port of its Service', () => {
    const service = serveByPort(
      {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata,
        spec: { group: 'g', service: { name: 'virt-api', namespace: 'kubevirt' } },
      },
      1234,
      'PEM',
    )

    expect(service.spec).toEqual({
      group: 'g',
      caBundle: btoa('PEM'),
      service: { name: 'virt-api', namespace: 'kubevirt', port: 1234 },
    })
  })
})
