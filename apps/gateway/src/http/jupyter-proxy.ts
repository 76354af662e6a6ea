import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { OpenConnections } from '../connections/open-connections.ts'
import type { GatewayLimits } from '../gateway-limits.ts'
import { announcesTooMuch, BodyTooLarge, makeByteCounter } from './body-limit.ts'
import {
  handshakeHeadersForMachine,
  headersForBrowser,
  headersForMachine,
} from './forwarded-headers.ts'
import type { FindJupyterDoor, JupyterDoor } from './jupyter-door.ts'
import { makeBufferGuards } from './message-buffers.ts'
import { type Refusal, refuse } from './refusals.ts'
import type { SessionCookie } from './session-cookie.ts'

export type JupyterProxyOptions = {
  readonly findDoor: FindJupyterDoor
  readonly cookie: SessionCookie
  readonly connections: OpenConnections
  readonly limits: GatewayLimits
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the request may pass. */
    door: JupyterDoor | null
  }
}

/**
 * Passes everything on the origin of a lease to its machine's Jupyter, WebSockets too: only with a
 * session of that lease, only to the address the lease has now, and only as long as both hold.
 */
export async function jupyterProxy(
  app: FastifyInstance,
  options: JupyterProxyOptions,
): Promise<void> {
  const { cookie, limits } = options
  app.decorateRequest('door', null)
  app.removeAllContentTypeParsers()
  app.addHook('onRequest', (request, reply) => admit(request, reply, options))
  app.addHook('preParsing', async (_request, _reply, payload) =>
    payload.pipe(makeByteCounter(limits.bodyBytes)),
  )
  const { idleMs, messageBytes } = limits
  await app.register(httpProxy, {
    upstream: '',
    websocket: true,
    internalRewriteLocationHeader: false,
    disableRequestLogging: true,
    // Ports are used again by other machines: nothing about an address may be remembered.
    disableCache: true,
    http: {
      agentOptions: { keepAlive: true, keepAliveMsecs: 1_000, maxFreeSockets: 64 },
      requestOptions: { timeout: idleMs },
    },
    replyOptions: replyOptions(cookie),
    wsServerOptions: { maxPayload: messageBytes, perMessageDeflate: false },
    wsClientOptions: webSocketOptions(cookie, limits),
    wsHooks: makeBufferGuards(limits.bufferedBytes),
  })
}

type ReplyOptions = NonNullable<httpProxy.FastifyHttpProxyOptions['replyOptions']>

function replyOptions(cookie: SessionCookie): ReplyOptions {
  return {
    getUpstream: (request) => doorOf(request).upstream,
    rewriteRequestHeaders: (request, headers) =>
      headersForMachine(headers, doorOf(request).jupyterToken, cookie),
    rewriteHeaders: (headers) => headersForBrowser(headers, cookie),
    // A request may have worked although its answer was lost: only the browser may send it again.
    retryDelay: () => null,
    // The library types its requests for HTTP/2 as well, which this server does not speak.
    onError: (reply, { error }) =>
      answerFailure(reply.request as FastifyRequest, reply as FastifyReply, error),
  }
}

/** The library's types miss `rewriteRequestHeaders`, which its documentation names. */
function webSocketOptions(cookie: SessionCookie, { handshakeMs, messageBytes }: GatewayLimits) {
  return {
    maxPayload: messageBytes,
    perMessageDeflate: false,
    handshakeTimeout: handshakeMs,
    rewriteRequestHeaders: (_headers: object, request: FastifyRequest) =>
      handshakeHeadersForMachine(request.headers, doorOf(request).jupyterToken, cookie),
  }
}

/** The one gate in front of a machine; whatever it answers ends the request. */
async function admit(request: FastifyRequest, reply: FastifyReply, options: JupyterProxyOptions) {
  const { findDoor, cookie, limits } = options
  const { leaseId, headers } = request
  const sessions = cookie.valuesIn(headers.cookie)
  const door = leaseId === null ? null : await findDoor(leaseId, sessions)
  if (door === null) return refuse(request, reply, 'not-open')
  if (announcesTooMuch(headers['content-length'], limits.bodyBytes))
    return refuse(request, reply, 'too-large')
  if (!holdOpen(request, reply, door, options.connections))
    return refuse(request, reply, 'too-many')
  request.door = door
  return undefined
}

/** From here on the connection is cut when the door closes. False when there are too many. */
function holdOpen(
  request: FastifyRequest,
  reply: FastifyReply,
  { leaseId, isOpen }: JupyterDoor,
  connections: OpenConnections,
): boolean {
  const { socket } = request.raw
  const release = connections.add({ leaseId, isAllowed: isOpen, cut: () => socket.destroy() })
  if (release === null) return false
  // A WebSocket outlives its answer: it ends with the socket.
  if (request.headers.upgrade === undefined) reply.raw.once('close', release)
  else socket.once('close', release)
  return true
}

function doorOf(request: { readonly door?: JupyterDoor | null }): JupyterDoor {
  const { door } = request
  if (door === null || door === undefined) throw new Error('A request passed without a door.')
  return door
}

/** Also called when a machine stops in the middle of its answer: then only a cut tells the browser so. */
function answerFailure(request: FastifyRequest, reply: FastifyReply, error: Error): void {
  if (reply.raw.headersSent) reply.raw.destroy()
  else void refuse(request, reply, refusalOf(error))
}

function refusalOf(error: Error): Refusal {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof BodyTooLarge) return 'too-large'
  return (error as { statusCode?: number }).statusCode === 504 ? 'machine-slow' : 'machine-silent'
}
