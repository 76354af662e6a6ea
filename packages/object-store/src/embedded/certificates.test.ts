import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import tls from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { makeOwnCertificate } from './certificates.ts'

const now = new Date('2026-11-24T12:00:00Z')
const closing: { close(): void }[] = []
afterEach(() => {
  for (const one of closing.splice(0)) one.close()
})

describe('a certificate of our own', () => {
  it('is valid for its name, for loopback, now and for long', () => {
    const { certificate } = makeOwnCertificate('leasehold-store', now)

    const parsed = new X509Certificate(certificate)

    expect(parsed.subject).toBe('CN=leasehold-store')
    expect(parsed.checkHost('leasehold-store')).toBe('leasehold-store')
    expect(parsed.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(parsed.verify(parsed.publicKey)).toBe(true)
    expect(parsed.ca).toBe(true)
    expect(new Date(parsed.validFrom) < now).toBe(true)
    expect(new Date(parsed.validTo).getUTCFullYear()).toBe(2076)
  })

  it('lets in who has its key and nobody else, by real TLS on both sides', async () => {
    const ours = makeOwnCertificate('leasehold-store', now)
    const theirs = makeOwnCertificate('leasehold-store', now)
    const server = tls.createServer(
      {
        key: ours.key,
        cert: ours.certificate,
        ca: ours.certificate,
        requestCert: true,
        rejectUnauthorized: true,
      },
      (socket) => socket.end('welcome'),
    )
    server.on('tlsClientError', () => {})
    closing.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const ask = async ({ key, certificate }: typeof ours) => {
      const socket = tls.connect({
        port,
        host: '127.0.0.1',
        key,
        cert: certificate,
        ca: ours.certificate,
      })
      const words: Buffer[] = []
      for await (const word of socket) words.push(word as Buffer)
      return Buffer.concat(words).toString()
    }

    expect(await ask(ours)).toBe('welcome')
    // Under TLS 1.3 a client learns of its refusal only by getting nothing.
    expect(await ask(theirs).catch(() => '')).toBe('')
  })
})
