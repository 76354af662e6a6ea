import { isUtf8 } from 'node:buffer'
import { DomainError } from '@leasehold/domain'
import type { FastifyError, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it came, for fingerprints; null when there was none. */
    rawBody: Buffer | null
  }
}

const maxDepth = 32
/** Exactly this: what parsers and proxies may read in two ways (tabs, further parameters) is not read at all. */
const plainJson = /^application\/json(; ?charset="?utf-8"?)?$/i

/** Reads JSON bodies: UTF-8 only, at most 32 levels deep, no `__proto__`. No other media type is read. */
export const jsonBody = fp(
  async (app: FastifyInstance) => {
    app.decorateRequest('rawBody', null)
    app.removeAllContentTypeParsers()
    const parse = app.getDefaultJsonParser('error', 'error')
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, raw, done) => {
      if (!plainJson.test(request.headers['content-type'] ?? '')) return done(wrongMediaType())
      const bytes = raw as Buffer
      request.rawBody = bytes
      if (bytes.length === 0) return done(null, undefined)
      if (!isUtf8(bytes)) return done(refusal('The body is not UTF-8.') as unknown as FastifyError)
      if (isDeeperThan(bytes, maxDepth))
        return done(
          refusal(`The body is nested deeper than ${maxDepth} levels.`) as unknown as FastifyError,
        )
      return parse(request, bytes.toString('utf8'), done)
    })
  },
  { name: 'json-body' },
)

function wrongMediaType(): FastifyError {
  const code = 'FST_ERR_CTP_INVALID_MEDIA_TYPE'
  return Object.assign(new Error('not plain JSON'), { code, name: code, statusCode: 415 })
}

function refusal(detail: string): DomainError {
  return new DomainError('request/invalid', detail)
}

/** Counts brackets outside strings; cheaper than parsing, and done before it. */
function isDeeperThan(bytes: Uint8Array, limit: number): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x5b || byte === 0x7b) {
      depth++
      if (depth > limit) return true
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return false
}
