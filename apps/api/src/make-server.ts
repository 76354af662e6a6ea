import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { AjvCompiler } from '@fastify/ajv-compiler'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { ServerCertificate } from '@leasehold/access'
import type { Component } from '@leasehold/contract'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { ApiSettings } from './api-settings.ts'
import { problemOf } from './plugins/problem-answers.ts'

export type Server = FastifyInstance

/**
 * A Fastify instance with the house's limits and strictness, without a route and not listening:
 * unknown fields are refused, bodies are never coerced, addresses and times are bounded.
 */
export function makeServer(
  settings: ApiSettings,
  components: readonly Component[],
  certificate: ServerCertificate | null = null,
): Server {
  const app = Fastify({
    ...(certificate === null ? {} : { https: certificate.options }),
    logger: false,
    bodyLimit: settings.bodyLimitBytes,
    connectionTimeout: settings.connectionTimeoutMs,
    requestTimeout: settings.uploadTimeoutMs,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    trustProxy: settings.trustProxy,
    exposeHeadRoutes: false,
    return503OnClosing: true,
    genReqId: makeRequestIds(),
    routerOptions: { maxParamLength: 4_096, ignoreTrailingSlash: false },
    http: { headersTimeout: 15_000, maxHeaderSize: 32_768 },
    schemaController: {
      compilersFactory: { buildValidator: strictValidators(components) as never },
    },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      const detail =
        error.code === 'FST_ERR_BAD_URL'
          ? 'The address holds a broken percent-encoding.'
          : 'The address could not be understood.'
      const problem = problemOf('request/invalid', detail, String(request.id))
      void (reply as unknown as FastifyReply)
        .code(problem.status)
        .header('content-type', 'application/problem+json; charset=utf-8')
        .send(JSON.stringify(problem))
    },
  })
  certificate?.keepFresh(app.server as never)
  for (const component of components) app.addSchema(component)
  // Views are typed against the contract and tests check every answer against its schema, so plain JSON is enough.
  app.setSerializerCompiler(() => JSON.stringify)
  return app.withTypeProvider<TypeBoxTypeProvider>() as unknown as Server
}

const strict = {
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allowUnionTypes: true,
  validateFormats: true,
} as const

type Route = { readonly httpPart?: string }
type Compile = (route: Route) => ((data: unknown) => boolean) & { errors?: unknown }
type BuildCompile = (externalSchemas: unknown, options: object) => Compile

/** Compiled validators hold no state, so servers with the same components share them. */
const compiled = new WeakMap<readonly Component[], Compile>()

/** Bodies are taken as they are; what comes in an address is text and is read as what the schema says. */
function strictValidators(components: readonly Component[]): BuildCompile {
  return (externalSchemas, options) => {
    const known = compiled.get(components)
    if (known !== undefined) return known
    const build = AjvCompiler() as unknown as BuildCompile
    const withCoercion = (coerceTypes: false | 'array') =>
      build(externalSchemas, { ...options, customOptions: { ...strict, coerceTypes } })
    const forBodies = withCoercion(false)
    const forAddresses = withCoercion('array')
    const compile: Compile = (route) =>
      route.httpPart === 'body' ? forBodies(route) : forAddresses(route)
    compiled.set(components, compile)
    return compile
  }
}

/** Short, unique across restarts, and unguessable enough not to be mistaken for anything else. */
function makeRequestIds(): () => string {
  const start = randomBytes(6).toString('base64url').replaceAll(/[_-]/g, 'x')
  let count = 0
  return () => `req-${start}-${(count++).toString(36)}`
}

/** What Node's HTTP parser refuses never reaches a route; it is answered in the same form. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const [line, detail] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'The headers are too large.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request came too slowly.']
        : ['400 Bad Request', 'This is not a valid HTTP request.']
  const problem = {
    ...problemOf('request/invalid', detail, 'none'),
    status: Number(line.slice(0, 3)),
  }
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${line}\r\ncontent-type: application/problem+json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
