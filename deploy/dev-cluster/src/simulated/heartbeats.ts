import type { ApiServer } from '../api-server/open-api-server.ts'
import { readyCondition } from './simulated-node.ts'

/** A lease holds for 40 seconds; KubeVirt gives its handlers five minutes. */
const leaseEveryMs = 15_000
const handlerEveryMs = 90_000

/** Keeps nodes alive, and says of dead ones at once what their silence would say after minutes. */
export function openHeartbeats(api: ApiServer) {
  const timers = new Map<string, NodeJS.Timeout[]>()

  function stopNode(name: string): void {
    for (const timer of timers.get(name) ?? []) clearInterval(timer)
    timers.delete(name)
  }

  return {
    setNode(name: string, condition: 'alive' | 'dead' | null): void {
      const isBeating = timers.has(name)
      if (condition === 'alive' && isBeating) return
      stopNode(name)
      if (condition === null) return
      if (condition === 'dead') {
        quietly(() => report(api, name, 'dead'))
        return
      }
      const lease = () => quietly(() => renewLease(api, name))
      const handler = () => quietly(() => report(api, name, 'alive'))
      lease()
      handler()
      timers.set(name, [
        setInterval(lease, spread(leaseEveryMs)),
        setInterval(handler, spread(handlerEveryMs)),
      ])
    },
    stop(): void {
      for (const name of [...timers.keys()]) stopNode(name)
    },
  }
}

/** So that hundreds of nodes do not beat as one. */
function spread(everyMs: number): number {
  return everyMs * (0.8 + Math.random() * 0.2)
}

/** The next beat makes up for a lost one. */
function quietly(beat: () => Promise<void>): void {
  beat().catch(() => undefined)
}

async function renewLease(api: ApiServer, name: string): Promise<void> {
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
  const spec = {
    holderIdentity: name,
    leaseDurationSeconds: 40,
    renewTime: new Date().toISOString().replace('Z', '000Z'),
  }
  const renewed = await api.patch(`${leases}/${name}`, { spec })
  if (renewed !== null) return
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec }
  await api.request('POST', leases, { body: lease })
}

/** Kubelet's condition and virt-handler's heartbeat; a dead node's is as old as time. */
async function report(api: ApiServer, name: string, condition: 'alive' | 'dead'): Promise<void> {
  const now = new Date()
  const heartbeat = (condition === 'alive' ? now : new Date(0))
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
  await api.request('PATCH', `/api/v1/nodes/${name}/status`, {
    body: { status: { conditions: [readyCondition(condition, now)] } },
    contentType: 'application/strategic-merge-patch+json',
  })
  await api.patch(`/api/v1/nodes/${name}`, {
    metadata: {
      annotations: { 'kubevirt.io/heartbeat': heartbeat },
      ...(condition === 'alive' && { labels: { 'kubevirt.io/schedulable': 'true' } }),
    },
  })
}
