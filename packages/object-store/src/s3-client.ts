import { S3Client } from '@aws-sdk/client-s3'

export type S3Address = {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Beside a key that is a session's. */
  readonly sessionToken?: string | null
}

const connectMs = 3_000
/** No byte in either direction for so long means that the other side is gone. */
const silenceMs = 30_000
const answerMs = 10_000

/**
 * A client for any S3 server. The settings are what self-hosted ones need: paths instead of host
 * names, and checksums only where S3 demands them (with the SDK's default, streamed puts fail or corrupt).
 */
export function openS3Client(address: S3Address): S3Client {
  return new S3Client({
    endpoint: address.endpoint,
    region: address.region,
    credentials: {
      accessKeyId: address.accessKeyId,
      secretAccessKey: address.secretAccessKey,
      ...(address.sessionToken == null ? {} : { sessionToken: address.sessionToken }),
    },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Three attempts with full jitter; requests with a streamed body are never repeated.
    maxAttempts: 3,
    retryMode: 'standard',
    // The SDK would write to the console. What matters reaches our log as the error it is.
    logger: silent,
    requestHandler: {
      connectionTimeout: connectMs,
      socketTimeout: silenceMs,
      httpAgent: { keepAlive: true, maxSockets: 64 },
      httpsAgent: { keepAlive: true, maxSockets: 64 },
    },
  })
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Ends a request without a streamed body when its caller is gone or its time is over, retries included. */
export function limited(signal: AbortSignal, limitMs = answerMs): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]) }
}
