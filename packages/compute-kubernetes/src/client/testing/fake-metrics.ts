import type { KubeMetrics } from '../kube-client.ts'
import { KubeError } from '../kube-error.ts'
import type { FakeRequest } from './fake-controls.ts'

/** Counts the fake's requests as the real client counts its own. */
export function makeFakeMetrics() {
  const counts = new Map<string, number>()
  return {
    count({ verb, kind }: FakeRequest, error: unknown): void {
      const status = error === null ? 200 : error instanceof KubeError ? error.status : 0
      const key = `${verb} ${kind.plural} ${status}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    read: (): KubeMetrics => ({
      requests: [...counts].map(([key, count]) => {
        const [verb = '', kind = '', status = '0'] = key.split(' ')
        return { verb, kind, status: Number(status), count }
      }),
      bySubject: new Map(),
      retries: 0,
      watchReconnects: 0,
      waitedMs: 0,
      openConnections: 0,
    }),
  }
}
