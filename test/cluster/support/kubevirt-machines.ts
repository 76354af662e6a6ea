import { setTimeout as delay } from 'node:timers/promises'
import type { TestNamespace } from './namespace.ts'

/** Emulated guests on a busy computer: three times what was seen. */
export const bootLimitMs = 400_000

/**
 * A machine whose system disk is a copy of the golden disk of the small guest, with a blank data disk
 * beside it.
 */
export function smallMachine(name: string, systemSize = '128Mi'): object {
  const disk = (purpose: string) => ({ name: purpose, disk: { bus: 'virtio' } })
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name },
    spec: {
      runStrategy: 'Always',
      dataVolumeTemplates: [
        {
          metadata: { name: `${name}-system` },
          spec: {
            sourceRef: { kind: 'DataSource', namespace: 'leasehold-images', name: 'small-guest' },
            storage: { resources: { requests: { storage: systemSize } } },
          },
        },
        {
          metadata: { name: `${name}-data` },
          spec: {
            source: { blank: {} },
            storage: { resources: { requests: { storage: '64Mi' } } },
          },
        },
      ],
      template: {
        spec: {
          terminationGracePeriodSeconds: 10,
          domain: {
            cpu: { cores: 1 },
            memory: { guest: '192Mi' },
            devices: {
              disks: [disk('system'), disk('data')],
              interfaces: [{ name: 'default', masquerade: {} }],
            },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: ['system', 'data'].map((purpose) => ({
            name: purpose,
            dataVolume: { name: `${name}-${purpose}` },
          })),
        },
      },
    },
  }
}

/** What the machine answers on port 8080 of the pod network, once it does. */
export async function answerOf(
  namespace: TestNamespace,
  machine: string,
  path = '/',
): Promise<string> {
  return await eventually(`${machine} to answer`, bootLimitMs, async () => {
    const read = ['get', 'vmi', machine, '-o', 'jsonpath={.status.interfaces[0].ipAddress}']
    const address = await namespace.kubectl(read)
    if (address === '') return null
    const options = { signal: AbortSignal.timeout(3_000) }
    const answer = await fetch(`http://${address}:8080${path}`, options)
    return answer.ok ? await answer.text() : null
  })
}

/** Asks until the answer is neither null nor an error; the last error is told when time is up. */
export async function eventually<T>(
  what: string,
  withinMs: number,
  ask: () => Promise<T | null>,
): Promise<T> {
  const deadline = Date.now() + withinMs
  let last = ''
  for (;;) {
    try {
      const found = await ask()
      if (found !== null) return found
    } catch (error) {
      last = `: ${(error as Error).message}`
    }
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs / 1_000} s for ${what}${last}`)
    await delay(300)
  }
}
