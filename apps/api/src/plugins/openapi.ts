import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import {
  bearerScheme,
  type Document,
  finishDocument,
  type HeaderParameter,
  withoutWildcard,
} from './openapi-document.ts'

export type ApiDescription = {
  readonly title: string
  readonly description: string
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  /** Headers of our own that operations take. */
  readonly headers: readonly HeaderParameter[]
}

const config = { public: true } as const

/** What the pages of /docs may do: only what comes from here. Swagger UI sets styles inline. */
const contentSecurityPolicy = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
}

/**
 * The OpenAPI 3.1 document, built from the route schemas; Swagger UI at /docs from local files, and the
 * document itself at /openapi.json. Register it before the routes.
 */
export const openapi = fp<{ description: ApiDescription; version: string }>(
  async (app, { description, version }) => {
    const openPaths = new Set<string>()
    app.addHook('onRoute', (route) => {
      if (route.url.startsWith('/docs')) route.config = { ...route.config, public: true }
      if (route.config?.public === true) openPaths.add(route.url)
    })
    const { title, tags, headers } = description
    const license = { name: 'Apache-2.0', identifier: 'Apache-2.0' }
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title, description: description.description, version, license },
        servers: [{ url: '/' }],
        tags: [...tags],
        security: [{ bearer: [] }],
        components: { securitySchemes: { bearer: bearerScheme } },
      } as never,
      refResolver: { buildLocalReference: (json) => String(json.$id) },
      transform: ({ schema, url }) => withoutWildcard(url, schema) as never,
      transformObject: (input) => {
        const { openapiObject } = input as unknown as { openapiObject: Document }
        return finishDocument(openapiObject, headers, openPaths) as never
      },
    })
    await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: contentSecurityPolicy })

    let text: string | null = null
    const schema = { hide: true } as object
    app.get('/openapi.json', { config, schema }, async (_request, reply) => {
      text ??= JSON.stringify(app.swagger())
      return reply.header('content-type', 'application/json; charset=utf-8').send(text)
    })
  },
  { name: 'openapi' },
)
