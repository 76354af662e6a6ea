import { describe, expect, it } from 'vitest'
import { redact, scrubText } from './index.ts'

const planted = 'hunter2-do-not-print'

describe('redacting fields', () => {
  it.each([
    'authorization',
    'Proxy-Authorization',
    'cookie',
    'set-cookie',
    'token',
    'accessToken',
    'refresh_token',
    'runToken',
    'clientSecret',
    'S3_SECRET_ACCESS_KEY',
    'password',
    'passwd',
    'passphrase',
    'credential',
    'credentials',
    'masterKey',
    'private_key',
    'privateKey',
    'apiKey',
    'keyMaterial',
    'jupyterToken',
    'sessionHash',
    'environment',
    'X-Amz-Signature',
  ])('removes what stands under %s, however deep', (name) => {
    const fields = { outer: [{ inner: { [name]: planted, other: 1 } }], [name]: { deep: planted } }

    expect(JSON.stringify(redact(fields))).not.toContain(planted)
  })

  it.each(['leaseId', 'keyId', 'sshKeyId', 'publicKey', 'tenantId', 'outcome', 'keyboard'])(
    'leaves %s alone',
    (name) => {
      expect(redact({ [name]: 'plain' })).toEqual({ [name]: 'plain' })
    },
  )

  it('leaves counts and questions about secrets alone', () => {
    const fields = { tokenCount: 3, hasPassword: true, cookie: null }

    expect(redact(fields)).toEqual(fields)
  })

  it('spells errors out, with their causes, and removes secrets in and under them', () => {
    const cause = Object.assign(new Error(`connect postgres://u:${planted}@h/db`), {
      command: { name: 'auth', password: planted },
    })
    const err = Object.assign(new Error(`Bearer ${planted} was refused`, { cause }), {
      code: 'ECONNREFUSED',
    })

    const line = redact({ err })

    expect(line).toMatchObject({
      err: { type: 'Error', code: 'ECONNREFUSED', cause: { type: 'Error' } },
    })
    expect(JSON.stringify(line)).toContain('redact.test.ts')
    expect(JSON.stringify(line)).not.toContain(planted)
  })

  it('keeps error codes and removes one-time codes', () => {
    expect(redact({ code: 'quota/exceeded' })).toEqual({ code: 'quota/exceeded' })
    expect(redact({ code: 'x8Kq2_one-time' })).toEqual({ code: '[redacted]' })
  })

  it('survives what cannot be written: cycles, depth, getters that throw, bytes, big numbers', () => {
    const circle: { self?: object } = {}
    circle.self = circle
    let deep: object = {}
    for (let level = 0; level < 1_000; level += 1) deep = { deep }
    const trap = Object.defineProperty({}, 'trap', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })

    const line = redact({ circle, deep, trap, bytes: Buffer.alloc(9), big: 10n, list: Array(999) })

    expect(line).toMatchObject({
      circle: { self: '[circular]' },
      trap: { trap: '[unreadable]' },
      bytes: '[9 bytes]',
      big: '10',
    })
    expect(JSON.stringify(line).length).toBeLessThan(2_000)
  })
})

describe('scrubbing text', () => {
  it.each([
    [`Authorization: Bearer ${planted}`, planted],
    ['a eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJvbGl2aWEifQ.c2lnbmF0dXJl b', 'c2lnbmF0dXJl'],
    [`redis://:${planted}@127.0.0.1:6379/0 refused`, planted],
    [`http://h/b/o?X-Amz-Expires=60&X-Amz-Signature=${planted}`, planted],
    [`-----BEGIN OPENSSH PRIVATE KEY-----\n${planted}\n-----END OPENSSH PRIVATE KEY-----`, planted],
  ])('removes the secret in %j', (text, secret) => {
    expect(scrubText(text)).not.toContain(secret)
  })

  it('removes the secret of an API key and leaves its id, by which it can be revoked', () => {
    expect(scrubText(`lsh_0193a7c2_${'x'.repeat(43)}`)).toBe('lsh_0193a7c2_[redacted]')
  })

  it('leaves ordinary text as it is', () => {
    const text = 'lease lea_1 moved to ready at http://127.0.0.1:8080/v1/leases?limit=5'

    expect(scrubText(text)).toBe(text)
  })
})
