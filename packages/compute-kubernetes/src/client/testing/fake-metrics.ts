import type { KubeMetrics } from '../kube-client.ts'
import { KubeError } from '../kube-error.ts'
import type { FakeRequest } from './fake-controls.ts'

/** Counts the fake's requests as the real client counts its own. */
export function makeFakeMetrics() {
  const counts = new Map<string, number>()
  return {
    count(request: FakeRequest, result: unknown, error: unknown): void {
      const key = `${request.verb} ${request.kind.plural} ${statusOf(request, result, error)}`
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

function statusOf({ verb }: FakeRequest, result: unknown, error: unknown): number {
  if (error !== null) return error instanceof KubeError ? error.status : 0
  if (result === 'absent' || (verb === 'get' && result === null)) return 404
  if (result === 'uid-differs') return 409
  return verb === 'create' ? 201 : 200
}
