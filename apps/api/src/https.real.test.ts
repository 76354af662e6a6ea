import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aPlatform } from '@leasehold/testing'
import { certificatesRefused, makeCertificateAuthority } from '@leasehold/testing/certificates'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiConfig } from '../test/api-harness.ts'
import { type Api, composeApi } from './index.ts'

const refused = certificatesRefused()
const title = `HTTPS from files${refused === null ? '' : ` (skipped: ${refused})`}`

describe.skipIf(refused !== null)(title, () => {
  let folder: string
  let caFile: string
  let api: Api
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'https-'))
    const authority = await makeCertificateAuthority(folder)
    caFile = authority.caFile
    const tls = await authority.issue('api')
    const operator = { ...apiConfig.operator, publicUrl: 'https://operators.example' }
    api = composeApi({ ...apiConfig, api: { ...apiConfig.api, tls }, operator }, await aPlatform())
    await api.start()
  })
  afterAll(async () => {
    await api.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('is spoken by the listener that has them, to clients that trust their authority', async () => {
    const ca = await readFile(caFile, 'utf8')
    const { port } = api.tenantApp.server.address() as AddressInfo

    const answer = await new Promise<{ status: number | undefined; hsts: unknown }>(
      (resolve, reject) => {
        const request = get({ host: 'localhost', port, path: '/livez', ca, agent: false })
        request.on('error', reject)
        request.once('response', (response) => {
          response.resume()
          const { statusCode: status, headers } = response
          resolve({ status, hsts: headers['strict-transport-security'] })
        })
      },
    )

    expect(answer).toEqual({ status: 200, hsts: 'max-age=31536000' })
    await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow()
  })

  it('leaves the others as they are; behind a proxy that speaks it, browsers are told to stay with it', async () => {
    const { port } = api.operatorApp.server.address() as AddressInfo
    const { port: runPort } = api.runApp.server.address() as AddressInfo

    const operator = await fetch(`http://127.0.0.1:${port}/livez`)
    const run = await fetch(`http://127.0.0.1:${runPort}/livez`)

    expect(operator.headers.get('strict-transport-security')).toBe('max-age=31536000')
    expect(run.headers.get('strict-transport-security')).toBeNull()
    expect(run.headers.get('content-security-policy')).toContain("default-src 'none'")
  })
})
