import type { KubeMetrics } from './kube-client.ts'

const mostSubjects = 20_000
const reading: readonly string[] = ['get', 'list', 'watch', 'log']

/** Counts of everything that was asked. Bounded: verbs, kinds and statuses are few, subjects are the latest ones. */
export function makeRequestMetrics() {
  const requests = new Map<string, number>()
  const bySubject = new Map<string, { reads: number; writes: number }>()
  let retries = 0
  let watchReconnects = 0

  const countSubject = (subject: string, verb: string) => {
    const known = bySubject.get(subject) ?? { reads: 0, writes: 0 }
    bySubject.delete(subject)
    bySubject.set(subject, known)
    known[reading.includes(verb) ? 'reads' : 'writes'] += 1
    const [oldest] = bySubject.keys()
    if (bySubject.size > mostSubjects && oldest !== undefined) bySubject.delete(oldest)
  }
  return {
    /** One request and its status, 0 for no answer. */
    request(verb: string, kind: string, status: number, subject: string | null): void {
      const key = `${verb} ${kind} ${status}`
      requests.set(key, (requests.get(key) ?? 0) + 1)
      if (subject !== null) countSubject(subject, verb)
    },
    retry(): void {
      retries += 1
    },
    watchReconnect(): void {
      watchReconnects += 1
    },
    read(waitedMs: number, openConnections: number): KubeMetrics {
      return {
        requests: [...requests].map(([key, count]) => {
          const [verb = '', kind = '', status = ''] = key.split(' ')
          return { verb, kind, status: Number(status), count }
        }),
        bySubject: new Map([...bySubject].map(([subject, counts]) => [subject, { ...counts }])),
        retries,
        watchReconnects,
        waitedMs,
        openConnections,
      }
    },
  }
}

export type RequestMetrics = ReturnType<typeof makeRequestMetrics>
