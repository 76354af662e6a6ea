import type { KubeManifest } from '../../client/kube-object.ts'

type Json = Readonly<Record<string, unknown>>

/** A stopped machine that keeps every rule of every tier: 2 vCPUs and 1 GiB, all of it reserved. */
export function someMachine(namespace: string, name: string): KubeManifest {
  return {
    metadata: { namespace, name },
    spec: {
      runStrategy: 'Halted',
      template: {
        metadata: { labels: {}, annotations: {} },
        spec: {
          domain: {
            cpu: { sockets: 1, cores: 2, threads: 1 },
            memory: { guest: '1Gi' },
            resources: { requests: { cpu: '2', memory: '1Gi' } },
            devices: {
              disks: [
                { name: 'scratch', disk: { bus: 'virtio' } },
                { name: 'seed', disk: { bus: 'virtio' } },
              ],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: [
            { name: 'scratch', emptyDisk: { capacity: '1Gi' } },
            { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'seed' } } },
          ],
        },
      },
    },
  }
}

/** A copy with other values: `{ 'spec.template.spec.domain.cpu.cores': 8 }`. Null removes; numbers are places in lists. */
export function changed(manifest: KubeManifest, changes: Json): KubeManifest {
  const copy = structuredClone(manifest) as Record<string, unknown>
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.')
    let at = copy
    for (const key of keys.slice(0, -1)) {
      at[key] ??= {}
      at = at[key] as Record<string, unknown>
    }
    const last = keys.at(-1) ?? ''
    if (value === null) delete at[last]
    else at[last] = value
  }
  return copy as unknown as KubeManifest
}
