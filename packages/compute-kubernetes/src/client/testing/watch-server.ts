import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type Handler, type HostileServer, json } from './hostile-server.ts'

/** Lists and watches of one kind, as a test wants them. */
export type WatchServer = {
  /** What a list answers from now on. */
  list(items: readonly object[], resourceVersion: string): void
  lists(): number
  /** Lists and watches, refused ones too. */
  attempts(): number
  /** The queries of the watches so far. */
  readonly queries: readonly Readonly<Record<string, string>>[]
  /** Resolves when that many watches have been opened in all. */
  connected(count: number): Promise<void>
  send(type: string, object: object): void
  raw(bytes: string | Buffer): void
  /** Ends the open watches as a server does. */
  end(): void
  endAtOnce(isAtOnce: boolean): void
  /** Answers everything so; null: no more. */
  refuse(handler: Handler | null): void
}

export function openWatchServer(server: HostileServer): WatchServer {
  const open = new Set<ServerResponse>()
  const queries: Record<string, string>[] = []
  let answer: Handler = json({ metadata: { resourceVersion: '1' }, items: [] })
  let refusal: Handler | null = null
  let lists = 0
  let attempts = 0
  let isAtOnce = false
  const opened = new EventTarget()

  server.handle((call) => {
    attempts += 1
    if (refusal !== null) return refusal(call)
    const query = Object.fromEntries(new URL(call.url, 'http://server').searchParams)
    if (query.watch !== 'true') {
      lists += 1
      return answer(call)
    }
    const { response } = call
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    queries.push(query)
    if (isAtOnce) return response.end()
    open.add(response)
    response.on('close', () => open.delete(response))
    opened.dispatchEvent(new Event('watch'))
  })
  const raw = (bytes: string | Buffer) => {
    for (const response of open) response.write(bytes)
  }
  return {
    queries,
    lists: () => lists,
    attempts: () => attempts,
    list: (items, resourceVersion) => {
      answer = json({ metadata: { resourceVersion }, items })
    },
    async connected(count) {
      while (queries.length < count) await once(opened, 'watch')
    },
    raw,
    send: (type, object) => raw(`${JSON.stringify({ type, object })}\n`),
    end() {
      for (const response of open) response.end()
    },
    endAtOnce: (next) => {
      isAtOnce = next
    },
    refuse: (next) => {
      refusal = next
    },
  }
}
