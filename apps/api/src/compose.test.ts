import { connect } from 'node:net'
import { defaultRentalRules } from '@leasehold/application'
import { aPlatform } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { anApi } from '../test/api-harness.ts'
import { composeApi, settingsFrom } from './compose.ts'

const limits = {
  bodyBytes: 524_288,
  readsPerMinute: 6_000,
  writesPerMinute: 1_200,
  unauthenticatedPerMinute: 60,
}

describe('the settings of the edge', () => {
  it('follow from the configuration and the rules of renting', () => {
    const settings = settingsFrom({ limits }, { rules: defaultRentalRules })

    expect(settings).toMatchObject({
      bodyLimitBytes: 524_288,
      uploadLimitBytes: defaultRentalRules.maxFileBytes,
      outputLimitBytes: defaultRentalRules.task.maxOutputBytes,
      rateLimits: {
        refusals: { perSecond: 1, burst: 10 },
        tenant: { read: { perSecond: 100, burst: 600 }, write: { perSecond: 20, burst: 120 } },
      },
    })
  })
})

describe('the three servers', () => {
  it('listen where they are told to, each with its own routes, and close', async () => {
    const place = { host: '127.0.0.1', port: 0 }
    const gateway = {
      domain: 'localhost',
      port: 1,
      publicUrl: null,
      sshPort: 2,
      sshPublicHost: '127.0.0.1',
    }
    const config = { api: place, operator: place, runApi: place, gateway, limits }
    const api = composeApi(config, await aPlatform())
    await api.start()
    const apps = [api.tenantApp, api.operatorApp, api.runApp]
    const urls = apps.map((app) => app.listeningOrigin)

    const statuses = await Promise.all(
      urls.map(async (url) => [
        (await fetch(`${url}/livez`)).status,
        (await fetch(`${url}/v1/leases`)).status,
        (await fetch(`${url}/v1/tenants`)).status,
        (await fetch(`${url}/run/v1/script`)).status,
      ]),
    )
    await api.close()

    expect(statuses).toEqual([
      [200, 401, 404, 404],
      [200, 404, 401, 404],
      [200, 404, 404, 401],
    ])
    await expect(fetch(`${urls[0]}/livez`)).rejects.toThrow()
  })
})

describe('what is no request at all', () => {
  it.each([
    { what: 'noise', bytes: 'GET\u0000 / nonsense\r\n\r\n', status: 400 },
    {
      what: 'headers without end',
      bytes: `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`,
      status: 431,
    },
    {
      what: 'two lengths',
      bytes:
        'POST /v1/leases HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx',
      status: 400,
    },
    {
      what: 'length and chunks',
      bytes:
        'POST /v1/leases HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      status: 400,
    },
  ])(
    'is answered with $status as a problem, and the connection ends: $what',
    async ({ bytes, status }) => {
      const api = await anApi()
      await api.tenantApp.listen({ host: '127.0.0.1', port: 0 })
      const { port } = new URL(api.tenantApp.listeningOrigin)

      const answer = await exchange(Number(port), bytes)

      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      expect(answer).toContain('application/problem+json')
      expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status })
      await api.close()
    },
  )

  it('walks out of nothing by dots in an address', async () => {
    const api = await anApi()
    await api.tenantApp.listen({ host: '127.0.0.1', port: 0 })
    const { port } = new URL(api.tenantApp.listeningOrigin)
    const token = api.platform.tokenOf('olivia')
    const get = (path: string) =>
      exchange(
        Number(port),
        `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${token}\r\n\r\n`,
      )

    expect(await get('/v1/files/../../etc/passwd')).toMatch(/^HTTP\/1.1 400 /)
    expect(await get('/v1/files/%2e%2e/%2e%2e/etc/passwd')).toMatch(/^HTTP\/1.1 400 /)
    expect(await get('/docs/static/../../../package.json')).toMatch(/^HTTP\/1.1 (400|403|404) /)
    await api.close()
  })
})

/** Sends bytes as they are and gives everything that comes back until the connection ends. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.on('data', (piece) => {
      answer += piece
    })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}
