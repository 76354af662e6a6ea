import { anyNetwork, type NetworkRules } from '@leasehold/domain'

/** A bucket that refills by `perSecond` and holds at most `burst` requests. */
export type RateLimit = { readonly perSecond: number; readonly burst: number }

/** Kinds of route that are limited apart from each other. */
export type RouteClass = 'read' | 'write' | 'upload' | 'stream'

/** Everything about the HTTP edge that an operator may set. */
export type ApiSettings = {
  readonly version: string
  /** Largest JSON body. */
  readonly bodyLimitBytes: number
  /** Largest file through `PUT /v1/files/*`. */
  readonly uploadLimitBytes: number
  /** Largest single output of a task. */
  readonly outputLimitBytes: number
  /** Longest time from the first byte of a request to its answer, streams and uploads apart. */
  readonly handlerTimeoutMs: number
  readonly uploadTimeoutMs: number
  /** A connection on which nothing moves for so long is closed. */
  readonly connectionTimeoutMs: number
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed; `false`: nobody's. */
  readonly trustProxy: false | string[]
  /** From where the operator API may be used; health is answered everywhere. */
  readonly operatorNetworks: NetworkRules
  /** Origins whose pages may call the tenant API. */
  readonly corsOrigins: readonly string[]
  readonly rateLimits: {
    /** Refused tokens per client address; without tries left an address is not heard. */
    readonly refusals: RateLimit
    /** Per tenant. */
    readonly tenant: Readonly<Record<RouteClass, RateLimit>>
  }
  readonly idempotency: {
    /** How long a second request waits for the answer of the first. */
    readonly waitMs: number
    readonly pollMs: number
    /**
     * A claim that nobody finished for so long may be taken over. Longer than any handler runs, and not
     * much longer: when the database goes away in the middle of a request, nobody gives its key back.
     */
    readonly staleMs: number
  }
  readonly stream: {
    readonly heartbeatMs: number
    /** How often it is looked whether the reader is still signed in. */
    readonly signInCheckMs: number
    /** A stream is ended then; its client goes on with another one. */
    readonly longestMs: number
    /** Live streams of one tenant at the same time. */
    readonly maxPerTenant: number
  }
}

const mebibyte = 1_048_576

/** What holds unless an operator says otherwise. */
export const defaultApiSettings: ApiSettings = {
  version: '0.1.0',
  bodyLimitBytes: mebibyte,
  uploadLimitBytes: 5_120 * mebibyte,
  outputLimitBytes: 10_240 * mebibyte,
  handlerTimeoutMs: 30_000,
  uploadTimeoutMs: 3_600_000,
  connectionTimeoutMs: 120_000,
  trustProxy: false,
  operatorNetworks: anyNetwork,
  corsOrigins: [],
  rateLimits: {
    refusals: { perSecond: 10, burst: 100 },
    tenant: {
      read: { perSecond: 100, burst: 500 },
      write: { perSecond: 30, burst: 150 },
      upload: { perSecond: 20, burst: 100 },
      stream: { perSecond: 5, burst: 50 },
    },
  },
  idempotency: { waitMs: 10_000, pollMs: 25, staleMs: 35_000 },
  stream: { heartbeatMs: 15_000, signInCheckMs: 2_000, longestMs: 14_400_000, maxPerTenant: 50 },
}
