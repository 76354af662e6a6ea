import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import {
  type Certificate,
  type CertificateAuthority,
  certificatesRefused,
  makeCertificateAuthority,
} from '@leasehold/testing/certificates'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServerCertificate } from './server-certificate.ts'

const refused = certificatesRefused()
const title = `a server certificate${refused === null ? '' : ` (skipped: ${refused})`}`

describe.skipIf(refused !== null)(title, () => {
  let folder: string
  let authority: CertificateAuthority
  let first: Certificate
  let second: Certificate
  const lines: string[] = []
  const line = (_facts: object, message: string) => void lines.push(message)
  const log = { info: line, warn: line, error: line }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'certificate-'))
    authority = await makeCertificateAuthority(folder)
    first = await authority.issue('first')
    second = await authority.issue('second')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** Puts a copy in place of another file at once, as tools that renew certificates do. */
  async function replace(file: string, by: string): Promise<void> {
    await copyFile(by, `${file}.new`)
    await rename(`${file}.new`, file)
  }

  it('is shown anew to new connections once both of its files have changed', async () => {
    const shown = {
      certificateFile: join(folder, 'shown.pem'),
      keyFile: join(folder, 'shown-key.pem'),
    }
    await replace(shown.certificateFile, first.certificateFile)
    await replace(shown.keyFile, first.keyFile)
    const certificate = openServerCertificate(shown, log)
    const server = createServer({ ...certificate.options }, (_request, response) => response.end())
    certificate.keepFresh(server, 20)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const name = () => nameShown((server.address() as AddressInfo).port)
    try {
      expect(await name()).toBe('first')

      await replace(shown.certificateFile, second.certificateFile)
      await expect.poll(() => lines, { timeout: 5_000 }).toContain('new certificate passed over')
      expect(await name()).toBe('first')
      await replace(shown.keyFile, second.keyFile)

      await expect.poll(name, { timeout: 5_000 }).toBe('second')
    } finally {
      server.close()
    }
  })

  it('that cannot be made is said before anything listens', async () => {
    const none = join(folder, 'none.pem')
    const garbage = join(folder, 'garbage.pem')
    await writeFile(garbage, 'no certificate')

    expect(() => openServerCertificate({ ...first, keyFile: none }, log)).toThrow(
      `${none} cannot be read (ENOENT)`,
    )
    for (const files of [
      { ...first, keyFile: second.keyFile },
      { ...first, certificateFile: garbage },
    ])
      expect(() => openServerCertificate(files, log)).toThrow(/do not make a TLS server/)
  })

  function nameShown(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = get({ port, host: '127.0.0.1', agent: false, rejectUnauthorized: false })
      request.on('error', reject)
      request.once('response', (response) => {
        resolve(String((response.socket as TLSSocket).getPeerCertificate().subject.CN))
        response.resume()
      })
    })
  }
})
