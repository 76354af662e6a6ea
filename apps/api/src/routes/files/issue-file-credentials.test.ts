import { DomainError } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { anApi, verdict } from '../../../test/api-harness.ts'

const address = '/v1/files/credentials'

describe('POST /v1/files/credentials', () => {
  it('gives keys that read the caller’s own bucket for a quarter of an hour', async () => {
    const api = await anApi()

    const answer = await api.tenant('POST', address, { json: {} })

    expect(answer.statusCode, answer.body).toBe(201)
    expect(answer.json()).toEqual({
      endpoint: 'http://objects.test',
      region: 'us-east-1',
      bucket: 'leasehold-ten-acme',
      accessKeyId: 'key-1',
      secretAccessKey: 'secret-1',
      sessionToken: null,
      access: 'read',
      expiresAt: '2026-01-05T12:15:00.000Z',
    })
  })

  it('gives keys that write, for as long as was asked', async () => {
    const api = await anApi()

    const json = { access: 'read-write', expiresInSeconds: 3_600 }
    const answer = await api.tenant('POST', address, { json })

    expect(answer.json()).toMatchObject({
      access: 'read-write',
      expiresAt: '2026-01-05T13:00:00.000Z',
    })
    expect(api.platform.bucketAccess.issued).toMatchObject([
      { bucket: 'leasehold-ten-acme', rights: 'read-write' },
    ])
  })

  it('gives each tenant its own bucket, whatever the body names', async () => {
    const api = await anApi()

    const named = await api.tenant('POST', address, {
      as: 'gina',
      json: { bucket: 'leasehold-ten-acme' },
    })
    const own = await api.tenant('POST', address, { as: 'gina', json: {} })

    expect(named.statusCode).toBe(400)
    expect(own.json().bucket).toBe('leasehold-ten-globex')
  })

  it('keeps the keys out of what is stored for a repetition', async () => {
    const api = await anApi()
    const headers = { 'idempotency-key': 'again' }

    const first = await api.tenant('POST', address, { json: {}, headers })
    const second = await api.tenant('POST', address, { json: {}, headers })

    expect(second.json().accessKeyId).not.toBe(first.json().accessKeyId)
  })

  it.each([{ expiresInSeconds: 899 }, { expiresInSeconds: 3_601 }, { access: 'all' }])(
    'answers 400 to %j',
    async (json) => {
      const api = await anApi()

      expect((await api.tenant('POST', address, { json })).statusCode).toBe(400)
      expect(api.platform.bucketAccess.issued).toEqual([])
    },
  )

  it('answers 403 where a viewer asks for keys that write', async () => {
    const api = await anApi()

    const reading = await api.tenant('POST', address, { as: 'victor', json: {} })
    const writing = await api.tenant('POST', address, {
      as: 'victor',
      json: { access: 'read-write' },
    })

    expect(reading.statusCode, reading.body).toBe(201)
    expect(verdict(writing)).toEqual({ status: 403, code: 'auth/forbidden' })
  })

  it('answers 409 where the store cannot limit keys', async () => {
    const refused = new DomainError('bucket/credentials-unavailable', 'Not here.')
    const api = await anApi({}, ({ bucketAccess }) => ({
      bucketAccess: { ...bucketAccess, issue: () => Promise.reject(refused) },
    }))

    const answer = await api.tenant('POST', address, { json: {} })

    expect(verdict(answer)).toEqual({ status: 409, code: 'bucket/credentials-unavailable' })
  })
})
