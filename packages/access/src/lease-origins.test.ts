import type { LeaseId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { makeLeaseOrigins } from './lease-origins.ts'

const lease = 'lse_01abc' as LeaseId
const local = makeLeaseOrigins({ domain: 'localhost', port: 8082, publicUrl: null })
const hosted = makeLeaseOrigins({
  domain: 'machines.example',
  port: 8082,
  publicUrl: 'https://machines.example',
})

describe('the origin of a lease', () => {
  it('has the port we listen on unless browsers use another address', () => {
    expect(local.originOf(lease)).toBe('http://lse-01abc.localhost:8082')
    expect(hosted.originOf(lease)).toBe('https://lse-01abc.machines.example')
    expect([local.scheme, hosted.scheme]).toEqual(['http', 'https'])
  })

  it.each(['lse-01abc.localhost:8082', 'LSE-01ABC.LocalHost', 'lse-01abc.localhost:1'])(
    'is found again in the host %s',
    (host) => {
      expect(local.leaseIdOf(host)).toBe(lease)
    },
  )

  it.each([
    undefined,
    '',
    'localhost',
    'localhost:8082',
    'lse-01abc',
    'lse_01abc.localhost',
    'lse-01abc.localhost.evil.example',
    'lse-01abc.xlocalhost',
    'a.lse-01abc.localhost',
    'tsk-01abc.localhost',
    'lse-.localhost',
    'lse-01-abc.localhost',
    'lse-01abc.localhost:port',
    'lse-01abc.localhost:80:80',
  ])('is not found in the host %s', (host) => {
    expect(local.leaseIdOf(host)).toBeNull()
  })
})
