import { describe, expect, it } from 'vitest'
import { describeSettings, loadConfig, settingsDocument } from './index.ts'

function faultsOf(source: Record<string, string>, readFile?: (path: string) => string): string {
  try {
    loadConfig(source, readFile)
  } catch (error) {
    return (error as Error).message
  }
  return 'no fault'
}

describe('loading the configuration', () => {
  it('runs everything embedded on this computer when nothing is set', () => {
    const config = loadConfig({})

    expect(config).toMatchObject({
      database: { kind: 'embedded' },
      queue: { kind: 'postgres' },
      objectStore: { kind: 'embedded' },
      identity: { kind: 'development' },
      api: { host: '127.0.0.1', port: 8080 },
      pools: { local: { limits: { vcpu: null } }, clusters: [] },
    })
  })

  it('converts units once, at the edge', () => {
    const config = loadConfig({ LEASE_BOOT_SECONDS: '90', UPLOAD_MAX_MIB: '2', API_PORT: '0' })

    expect(config.leases.deadlines.bootMs).toBe(90_000)
    expect(config.limits.uploadBytes).toBe(2_097_152)
    expect(config.api.port).toBe(0)
  })

  it('names every fault at once', () => {
    const faults = faultsOf({
      API_PORT: '70000',
      LOG_LEVEL: 'loud',
      LEASE_BOOT_SECONDS: 'ninety',
      DATABASE_URL: 'mysql://x',
    })

    for (const name of ['API_PORT', 'LOG_LEVEL', 'LEASE_BOOT_SECONDS', 'DATABASE_URL'])
      expect(faults).toContain(name)
  })

  it('cannot be changed afterwards, also not deep inside', () => {
    const config = loadConfig({})

    expect(() => Object.assign(config.leases.deadlines, { bootMs: 1 })).toThrow(TypeError)
  })

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ REDIS_URL: '', API_PORT: '' })).toMatchObject({
      queue: { kind: 'postgres' },
      api: { port: 8080 },
    })
  })

  it('derives the address of the keys from the issuer as Keycloak has it', () => {
    const { identity } = loadConfig({ OIDC_ISSUER: 'https://id.example/realms/r/' })

    expect(identity).toMatchObject({
      kind: 'oidc',
      jwksUrl: 'https://id.example/realms/r/protocol/openid-connect/certs',
    })
  })

  it.each([
    ['S3_ENDPOINT without its keys', { S3_ENDPOINT: 'https://s3.example' }, 'S3_ENDPOINT needs'],
    ['keys without an S3 server', { S3_ACCESS_KEY_ID: 'a' }, 'need S3_ENDPOINT'],
    ['known passwords in the network', { API_HOST: '0.0.0.0' }, 'API_HOST is not loopback'],
    ['a certificate without its key', { API_TLS_CERTIFICATE_FILE: '/c' }, 'need each other'],
    [
      'a gateway that speaks TLS under an address that does not',
      { GATEWAY_TLS_CERTIFICATE_FILE: '/c', GATEWAY_TLS_KEY_FILE: '/k' },
      'needs GATEWAY_PUBLIC_URL=https',
    ],
    ['a proxy that is no address', { TRUSTED_PROXIES: '10.0.0.1, 10.0.0.300' }, '10.0.0.300'],
    ['a network with more bits', { OPERATOR_ALLOWED_NETWORKS: '10.0.0.1/8' }, 'behind the prefix'],
    ['an origin with a path', { API_CORS_ORIGINS: 'https://a.example/x' }, 'API_CORS_ORIGINS'],
    ['sentinels of no Redis', { REDIS_SENTINEL_PASSWORD: 's' }, 'needs REDIS_URL'],
    [
      'a shortest time that is longer than the longest',
      { LEASE_TTL_MIN_SECONDS: '99', LEASE_TTL_DEFAULT_SECONDS: '98' },
      'LEASE_TTL_MIN_SECONDS must not be larger',
    ],
  ])('refuses %s', (_what, source, fault) => {
    expect(faultsOf(source)).toContain(fault)
  })

  it('reads lists between commas, and where Redis is in each of its forms', () => {
    const { edge, queue } = loadConfig({
      TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::1',
      API_CORS_ORIGINS: 'https://a.example,http://localhost:3000',
      REDIS_URL: 'rediss+sentinel://s1,s2/main/0',
      REDIS_CA_FILE: '/ca.pem',
    })

    expect(edge).toEqual({
      trustedProxies: ['10.0.0.0/8', '2001:db8::1'],
      operatorNetworks: { allow: [], deny: [] },
      corsOrigins: ['https://a.example', 'http://localhost:3000'],
    })
    expect(queue).toMatchObject({ kind: 'redis', caFile: '/ca.pem', sentinelPassword: null })
  })

  it('allows known passwords in the network when told so', () => {
    const config = loadConfig({ API_HOST: '0.0.0.0', ALLOW_DEVELOPMENT_ISSUER_IN_NETWORK: 'true' })

    expect(config.identity).toMatchObject({ kind: 'development', allowNetwork: true })
    expect(config.api.host).toBe('0.0.0.0')
  })
})

describe('a secret in a file', () => {
  const files: Record<string, string> = {
    '/run/db': 'postgres://u:hunter2@h/db\n',
    '/run/empty': '',
  }
  const readFile = (path: string): string => {
    const content = files[path]
    if (content === undefined) throw Object.assign(new Error('no file'), { code: 'ENOENT' })
    return content
  }

  it('is read without the newline at its end', () => {
    expect(loadConfig({ DATABASE_URL_FILE: '/run/db' }, readFile).database).toMatchObject({
      url: 'postgres://u:hunter2@h/db',
    })
  })

  it.each([
    ['missing', { DATABASE_URL_FILE: '/run/none' }, 'ENOENT'],
    ['empty', { DATABASE_URL_FILE: '/run/empty' }, 'empty'],
    ['given twice', { DATABASE_URL_FILE: '/run/db', DATABASE_URL: 'postgres://x' }, 'both set'],
  ])('is refused when it is %s', (_what, source, fault) => {
    expect(faultsOf(source, readFile)).toContain(fault)
  })

  it('never shows in the message about it', () => {
    expect(faultsOf({ DATABASE_URL: 'hunter2://x', API_PORT: 'x' })).not.toContain('hunter2')
  })
})

describe('the settings document', () => {
  it('has a row for every setting and marks the secrets', () => {
    const document = settingsDocument()

    for (const { name } of describeSettings()) expect(document).toContain(`\`${name}\``)
    expect(document).toContain('`S3_SECRET_ACCESS_KEY` 🔒')
    expect(document).not.toContain('undefined')
  })
})
