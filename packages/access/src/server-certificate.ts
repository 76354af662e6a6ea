import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createSecureContext, type Server, type TlsOptions } from 'node:tls'
import type { Log } from '@leasehold/application'

/** Paths of PEM files: the chain, and the key of its first certificate. */
export type CertificateFiles = { readonly certificateFile: string; readonly keyFile: string }

/** What an HTTPS server shows, from files that may be replaced while it runs. */
export type ServerCertificate = {
  readonly options: TlsOptions
  /** Shows the new certificate soon after the files have changed, to new connections; ends with the server. */
  keepFresh(server: Server, lookEveryMs?: number): void
}

/** Files are looked at, not watched: what replaces them (links, renames, mounts) tells watchers too little. */
const usualLookMs = 5_000
const terms = { minVersion: 'TLSv1.2' } as const

/**
 * Reads the files now; throws with what to do when they cannot be read or do not belong together. Later
 * a pair that does not fit, because only one of the two is new yet, is passed over.
 */
export function openServerCertificate(
  { certificateFile, keyFile }: CertificateFiles,
  log: Log,
): ServerCertificate {
  const read = (file: string) => {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? 'unknown error'
      throw new Error(`The TLS file ${file} cannot be read (${why}).`)
    }
  }
  const options = { ...terms, cert: read(certificateFile), key: read(keyFile) }
  const fault = faultOf(options)
  if (fault !== null)
    throw new Error(`${certificateFile} and ${keyFile} do not make a TLS server: ${fault}.`)
  return {
    options,
    keepFresh(server, lookEveryMs = usualLookMs) {
      let shown = options
      let passedOver = ''
      const look = async () => {
        const [cert, key] = await Promise.all([
          readFile(certificateFile, 'utf8'),
          readFile(keyFile, 'utf8'),
        ])
        if (cert === shown.cert && key === shown.key) return
        const next = { ...terms, cert, key }
        const refusal = faultOf(next)
        if (refusal !== null) {
          if (passedOver !== refusal)
            log.warn({ certificateFile, keyFile, error: refusal }, 'new certificate passed over')
          passedOver = refusal
          return
        }
        server.setSecureContext(next)
        shown = next
        log.info({ certificateFile }, 'new certificate shown')
      }
      const timer = setInterval(() => {
        // Between two renames a file may be missing: the next look finds it.
        look().catch((error: NodeJS.ErrnoException) =>
          log.warn({ certificateFile, keyFile, code: error.code }, 'certificate cannot be read'),
        )
      }, lookEveryMs).unref()
      server.once('close', () => clearInterval(timer))
    },
  }
}

/** Null when a server can be made of them. */
function faultOf(options: TlsOptions): string | null {
  try {
    createSecureContext(options)
    return null
  } catch (error) {
    return (error as Error).message
  }
}
