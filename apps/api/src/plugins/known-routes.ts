import type { FastifyInstance } from 'fastify'

export type KnownRoute = {
  readonly method: string
  readonly pattern: RegExp
}

/** Remembers every route as it is registered, so that a wrong method can be told from a wrong address. */
export function collectRoutes(app: FastifyInstance): readonly KnownRoute[] {
  const routes: KnownRoute[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const pattern = patternOf(url)
    for (const one of Array.isArray(method) ? method : [method])
      routes.push({ method: one, pattern })
  })
  return routes
}

/** The methods that an address does answer; none when there is no such address. */
export function allowedMethods(routes: readonly KnownRoute[], url: string): readonly string[] {
  const path = url.split('?', 1)[0] ?? ''
  if (path.length > 4_096) return []
  return [
    ...new Set(routes.filter(({ pattern }) => pattern.test(path)).map((route) => route.method)),
  ]
}

function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) =>
      part === '*'
        ? '.+'
        : part.startsWith(':')
          ? '[^/]+'
          : part.replace(/[.+^$(){}|[\]\\]/g, '\\$&'),
    )
    .join('/')
  return new RegExp(`^${source}$`)
}
