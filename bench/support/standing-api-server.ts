import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from './child-program.ts'
import { idleLease } from './idle-lease.ts'

/**
 * An API server in which nothing ever changes: so many copies of what a real one said about one lease, in lists with
 * pages, and watches that send a bookmark a minute.
 */
export type StandingServerRequest =
  | {
      readonly do: 'start'
      readonly lease: string
      readonly kinds: StandingKinds
      readonly count: number
    }
  | { readonly do: 'calls' }

/** Path of a collection without its namespace (`/apis/kubevirt.io/v1/virtualmachines`) → objects of the one lease. */
export type StandingKinds = Readonly<Record<string, readonly StandingObject[]>>
export type StandingObject = { readonly metadata: { readonly uid: string } }

export type StandingServerAnswer = { readonly url: string; readonly calls: number }

const bookmarkMs = 60_000
const version = '1000'
const lists = new Map<string, readonly string[]>()
let calls = 0
let url = ''

const server = createServer((request, response) => {
  calls += 1
  answer(request, response)
})

answerParent<StandingServerRequest, StandingServerAnswer>(
  async (request) => {
    if (request.do === 'start') await start(request)
    return { url, calls }
  },
  async () => server.closeAllConnections(),
)

async function start({ lease, kinds, count }: Extract<StandingServerRequest, { do: 'start' }>) {
  const uids = Object.values(kinds).flatMap((objects) =>
    objects.map(({ metadata }) => metadata.uid),
  )
  for (const [path, objects] of Object.entries(kinds)) {
    const isOfLease = JSON.stringify(objects).includes(lease)
    const copies = Array.from({ length: isOfLease ? count : 1 }, (_, index) =>
      objects.map((object) =>
        isOfLease ? copyOf(object, index, lease, uids) : JSON.stringify(object),
      ),
    )
    lists.set(path, copies.flat())
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The object of lease number `index`: other names, ids and uids, everything else as it was. */
function copyOf(object: object, index: number, lease: string, uids: readonly string[]): string {
  const number = String(index).padStart(12, '0')
  const text = uids.reduce(
    (rest, uid) => rest.replaceAll(uid, `${uid.slice(0, 24)}${number}`),
    JSON.stringify(object),
  )
  const name = lease.replace('_', '-')
  return text
    .replaceAll(name, idleLease(index).replace('_', '-'))
    .replaceAll(lease, idleLease(index))
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server')
  const objects = lists.get(pathname)
  if (objects === undefined) refuse(response, pathname)
  else if (searchParams.get('watch') === 'true') follow(response)
  else sendPage(response, objects, searchParams)
}

function sendPage(
  response: ServerResponse,
  objects: readonly string[],
  searchParams: URLSearchParams,
): void {
  const from = Number(searchParams.get('continue') ?? 0)
  const to = from + Number(searchParams.get('limit') ?? objects.length)
  const isMore = to < objects.length
  const metadata = { resourceVersion: version, ...(isMore ? { continue: String(to) } : {}) }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(
    `{"kind":"List","metadata":${JSON.stringify(metadata)},"items":[${objects.slice(from, to).join()}]}`,
  )
}

function follow(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
  const object = { metadata: { resourceVersion: version } }
  const line = `${JSON.stringify({ type: 'BOOKMARK', object })}\n`
  const timer = setInterval(() => response.write(line), bookmarkMs)
  response.on('close', () => clearInterval(timer))
}

function refuse(response: ServerResponse, pathname: string): void {
  const name = pathname.split('/').at(-1)
  const status = {
    kind: 'Status',
    reason: 'NotFound',
    code: 404,
    details: { name },
    message: 'none',
  }
  response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(status))
}
