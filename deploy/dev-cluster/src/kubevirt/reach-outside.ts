import type { ClusterObject } from '../api-server/object-path.ts'

type Webhook = {
  readonly clientConfig: {
    readonly service?: { readonly path?: string }
    readonly url?: string
    readonly caBundle?: string
  }
}

/** A webhook configuration that calls a program beside the API server instead of a Service. Pure. */
export function callByAddress(
  configuration: ClusterObject,
  base: string,
  authority: string,
): ClusterObject {
  const caBundle = Buffer.from(authority).toString('base64')
  const webhooks = (configuration.webhooks as readonly Webhook[]).map((webhook) => ({
    ...webhook,
    clientConfig: { url: `${base}${webhook.clientConfig.service?.path ?? ''}`, caBundle },
  }))
  return { ...configuration, webhooks }
}

/**
 * An aggregated API that is served beside the API server. APIServices know no addresses; a Service
 * that is another name of `localhost` (see `localhostService`) with the port named here does. Pure.
 */
export function serveByPort(
  service: ClusterObject,
  port: number,
  authority: string,
): ClusterObject {
  const spec = service.spec as { readonly service: Readonly<Record<string, unknown>> }
  return {
    ...service,
    spec: {
      ...spec,
      caBundle: Buffer.from(authority).toString('base64'),
      service: { ...spec.service, port },
    },
  }
}

export function localhostService(name: string, namespace: string): ClusterObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  }
}
