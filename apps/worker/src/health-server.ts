import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { askParts, type Checks } from '@leasehold/observability'

export type HealthServerOptions = {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly checks: Checks
  readonly metrics: { readonly contentType: string; render(): string | Promise<string> }
}

type Answer = { readonly status: number; readonly type: string; readonly body: string }

const requestTimeoutMs = 10_000

/**
 * What watches a worker: `/livez` says "running", `/readyz` says "useful", part by part, `/metrics` counts. Nothing
 * else is answered, and nothing secret is said. Rejects when the address is taken.
 */
export async function startHealthServer(
  options: HealthServerOptions,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    answer(request.method === 'GET' ? (request.url ?? '') : '', options).then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    )
  })
  await listen(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(path: string, { checks, metrics }: HealthServerOptions): Promise<Answer> {
  if (path === '/livez') return json(200, { status: 'running' })
  if (path === '/metrics')
    return { status: 200, type: metrics.contentType, body: await metrics.render() }
  if (path !== '/readyz') return json(404, { status: 'unknown path' })
  const readiness = await askParts(checks)
  return json(readiness.status === 'ready' ? 200 : 503, readiness)
}

function json(status: number, body: object): Answer {
  return { status, type: 'application/json', body: JSON.stringify(body) }
}

function listen(server: Server, { host, port }: HealthServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}
