import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@leasehold/config'
import { certificatesRefused, makeCertificateAuthority } from '@leasehold/testing/certificates'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runChecks } from '../run-checks.ts'
import { checkRunningApps } from './running-apps.ts'

const refused = certificatesRefused()
const title = `an app that speaks HTTPS${refused === null ? '' : ` (skipped: ${refused})`}`

describe.skipIf(refused !== null)(title, () => {
  let folder: string
  let server: Server
  let answer: { status: number; text: string }
  let examine: () => Promise<readonly string[]>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'doctor-'))
    // By an authority that nobody here trusts, as a public certificate is not for the address asked.
    const tls = await (await makeCertificateAuthority(folder)).issue('api')
    const [cert, key] = await Promise.all([
      readFile(tls.certificateFile, 'utf8'),
      readFile(tls.keyFile, 'utf8'),
    ])
    server = createServer({ cert, key }, (_request, response) => {
      response.writeHead(answer.status).end(answer.text)
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    const config = loadConfig({})
    const [api] = checkRunningApps({
      ...config,
      api: { ...config.api, host: '0.0.0.0', port, tls },
    })
    examine = async () =>
      (await runChecks(api === undefined ? [] : [api], 10_000)).map(
        ({ verdict, says }) => `${verdict}: ${says}`,
      )
  })
  afterAll(async () => {
    server.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('is ready on loopback, whatever name its certificate is for', async () => {
    answer = { status: 200, text: '{"parts":{"database":"ok"}}' }
    expect(await examine()).toEqual([expect.stringMatching(/^ok: https:.* is ready\.$/)])
  })

  it('is heard when it is not ready', async () => {
    answer = { status: 503, text: '{"parts":{"database":"down"}}' }
    expect(await examine()).toEqual([expect.stringMatching(/^problem: .* says: database down\.$/)])
  })

  it('is not read to the end when what answers never ends', async () => {
    answer = { status: 200, text: 'x'.repeat(200_000) }
    expect(await examine()).toEqual([expect.stringMatching(/^problem: .*more than 65536 bytes/)])
  })
})
