import { join } from 'node:path'
import { startDevIssuer } from '@leasehold/dev-issuer'
import { startEmbeddedObjectStore } from '@leasehold/object-store'
import { quietLog } from './quiet-log.ts'
import { root } from './start-app.ts'

/** An object store and an issuer, each a real server, and the settings that lead apps to them. */
export async function startParts(folder: string, closers: (() => Promise<unknown>)[]) {
  const objects = await startEmbeddedObjectStore({
    folder: join(folder, 'objects'),
    cacheFolder: join(root, '.leasehold/programs'),
    log: quietLog,
  })
  closers.push(() => objects.stop())
  const { issuer, jwksUrl, stop } = await startDevIssuer({
    ...{ folder: join(folder, 'issuer'), host: '127.0.0.1', port: 0 },
    ...{ realm: 'r', audience: 'leasehold-api', announce: () => {} },
  })
  closers.push(stop)
  const settings = {
    S3_ENDPOINT: objects.endpoint,
    S3_REGION: objects.region,
    S3_ACCESS_KEY_ID: objects.accessKeyId,
    S3_SECRET_ACCESS_KEY: objects.secretAccessKey,
    OIDC_ISSUER: issuer,
    OIDC_JWKS_URL: jwksUrl,
  }
  return { issuer, settings }
}
