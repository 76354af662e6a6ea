import type { IncomingHttpHeaders } from 'node:http'
import type { SessionCookie } from './session-cookie.ts'

/** RFC 9110 §7.6.1; they speak about one connection, not about the message. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What the machine must not learn from the browser, or must not believe. */
const notForMachines =
  /^(authorization|cookie|origin|referer|expect|forwarded|x-forwarded-.*|x-real-ip)$/

/** What a machine must not do to browsers: it would reach beyond its own origin. */
const notForBrowsers = new Set(['alt-svc', 'clear-site-data', 'strict-transport-security'])

/** The request's headers as the machine gets them. Jupyter takes its token from `Authorization`. */
export function headersForMachine(
  headers: IncomingHttpHeaders,
  jupyterToken: string,
  cookie: SessionCookie,
): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(
    ([name]) => !hopByHop.has(name) && !notForMachines.test(name),
  )
  const ownCookies = cookie.without(headers.cookie)
  return {
    ...Object.fromEntries(kept),
    ...(ownCookies === undefined ? {} : { cookie: ownCookies }),
    authorization: `token ${jupyterToken}`,
  }
}

/** Those of a WebSocket handshake; the handshake's own are made anew. */
export function handshakeHeadersForMachine(
  headers: IncomingHttpHeaders,
  jupyterToken: string,
  cookie: SessionCookie,
): Record<string, string> {
  const all = headersForMachine(headers, jupyterToken, cookie)
  const wanted = ['authorization', 'cookie', 'user-agent', 'accept-language'] as const
  return Object.fromEntries(
    wanted.flatMap((name) => {
      const value = all[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** The answer's headers as the browser gets them. */
export function headersForBrowser(
  headers: IncomingHttpHeaders,
  cookie: SessionCookie,
): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(
    ([name]) => !hopByHop.has(name) && !notForBrowsers.has(name) && name !== 'set-cookie',
  )
  const cookies = (headers['set-cookie'] ?? []).flatMap((line) => cookie.fromMachine(line) ?? [])
  return {
    ...Object.fromEntries(kept),
    ...(cookies.length === 0 ? {} : { 'set-cookie': cookies }),
    'referrer-policy': 'no-referrer',
  }
}
