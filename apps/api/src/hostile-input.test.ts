import { aPublicKey } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { anApi, leaseBody, verdict } from '../test/api-harness.ts'

const api = await anApi()
/** A body limit that lets long lists through to the validation. */
const roomy = await anApi({ bodyLimitBytes: 64 * 1_048_576 })
const json = { 'content-type': 'application/json' }
const invalid = { status: 400, code: 'request/invalid' }
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

describe('a body that is not what it should be', () => {
  it.each([
    { what: 'no JSON at all', body: 'machineType=tiny' },
    { what: 'JSON that breaks off', body: '{"machineType":' },
    { what: 'an empty body', body: '' },
    { what: 'null', body: 'null' },
    { what: 'a list', body: '[]' },
    { what: 'a number', body: '1' },
    { what: 'two documents', body: '{}{}' },
    { what: 'bytes that are not UTF-8', body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) },
    { what: 'a hundred thousand levels', body: deep(100_000) },
    { what: 'thirty-three levels', body: deep(33) },
    { what: '__proto__', body: '{"machineType":"tiny","__proto__":{"isAdmin":true}}' },
    { what: 'a constructor', body: '{"machineType":"tiny","constructor":{"prototype":{}}}' },
  ])('is refused: $what', async ({ body }) => {
    const answer = await api.tenant('POST', '/v1/leases', { body, headers: json })

    expect(verdict(answer)).toEqual(invalid)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  })

  it('is refused with 413 above a mebibyte, before it is read', async () => {
    const answer = await api.tenant('POST', '/v1/leases', {
      body: `{"name":"${'x'.repeat(1_100_000)}"}`,
      headers: json,
    })

    expect(verdict(answer)).toEqual({ status: 413, code: 'request/too-large' })
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/json\t; x',
    ' application/json',
    'application /json',
    'application/json\u00a0',
    'application/problem+json',
  ])('is refused with 415 when it says it is %j', async (type) => {
    const answer = await api.tenant('POST', '/v1/leases', {
      body: JSON.stringify(leaseBody),
      headers: { 'content-type': type },
    })

    expect(verdict(answer)).toEqual({ status: 415, code: 'request/unsupported-media-type' })
  })

  it.each(['application/json; charset=utf-8', 'APPLICATION/JSON'])(
    'is validated all the same when it says it is %j',
    async (type) => {
      const answer = await api.tenant('POST', '/v1/leases', {
        body: '{"machineType":1}',
        headers: { 'content-type': type },
      })

      expect(verdict(answer)).toEqual(invalid)
    },
  )
})

const long = 'x'.repeat(200)
const noise = Array.from({ length: 100_000 }, () => aPublicKey())

describe('a field of a lease', () => {
  it.each([
    { field: '/machineType', more: { machineType: undefined } },
    { field: '/machineType', more: { machineType: 7 } },
    { field: '/machineType', more: { machineType: ['tiny'] } },
    { field: '/machineType', more: { machineType: '../etc' } },
    { field: '/machineType', more: { machineType: 'tiny\n' } },
    { field: '/machineType', more: { machineType: '' } },
    { field: '/name', more: { name: 'two\nlines' } },
    { field: '/name', more: { name: 'NUL\u0000' } },
    { field: '/name', more: { name: '' } },
    { field: '/name', more: { name: long } },
    { field: '/tenantId', more: { tenantId: 'ten_globex' } },
    { field: '/state', more: { state: 'ready' } },
    { field: '/pricePerHourMicros', more: { pricePerHourMicros: 0 } },
    { field: '/a~1b~0c', more: { 'a/b~c': 1 } },
    { field: '/labels/x%20y', more: { labels: { 'x y': 'z' } }, loose: true },
    { field: '/labels/team', more: { labels: { team: 'a\nb' } } },
    { field: '/labels', more: { labels: many(33, 'v') } },
    { field: '/sshKeyIds/0', more: { sshKeyIds: ['../../x'] } },
    { field: '/sshKeyIds', more: { sshKeyIds: Array(21).fill('key_1') } },
    { field: '/sshPublicKeys', more: { sshPublicKeys: noise } },
    { field: '/sshPublicKeys/0', more: { sshPublicKeys: ['x'.repeat(20_000)] } },
    { field: '/timeToLiveSeconds', more: { timeToLiveSeconds: 0 } },
    { field: '/timeToLiveSeconds', more: { timeToLiveSeconds: '3600' } },
    { field: '/timeToLiveSeconds', more: { timeToLiveSeconds: 1.5 } },
    { field: '/timeToLiveSeconds', more: { timeToLiveSeconds: 1e300 } },
  ])('is refused and named: $field', async ({ field, more, loose }) => {
    const json = { ...leaseBody, ...more }
    const answer = await roomy.tenant('POST', '/v1/leases', { json })

    expect(verdict(answer)).toEqual(invalid)
    if (loose === true) expect(answer.json().field).toMatch(/^\/labels/)
    else expect(answer.json().field).toBe(field)
  })

  it('is refused with its limit, so that a client can act on it', async () => {
    const answer = await api.tenant('POST', '/v1/leases', { json: { ...leaseBody, name: long } })

    expect(answer.json()).toMatchObject({
      field: '/name',
      facts: { rule: 'maxLength', limit: 100 },
    })
  })

  it.each([
    { what: 'options before it', line: `command="sh" ${aPublicKey()}` },
    { what: 'a second line', line: `${aPublicKey()}\n${aPublicKey(2)}` },
    { what: 'a carriage return', line: `${aPublicKey()}\rno-pty` },
    { what: 'an unknown type', line: 'ssh-dss AAAAB3NzaC1kc3MAAACBAPrivatePart' },
    { what: 'a private key', line: '-----BEGIN OPENSSH PRIVATE KEY-----' },
    { what: 'data of another type', line: aPublicKey().replace('ssh-ed25519', 'ssh-rsa') },
  ])('is refused where a key has $what, and the key is named', async ({ line }) => {
    const answer = await api.tenant('POST', '/v1/leases', {
      json: { ...leaseBody, sshPublicKeys: [aPublicKey(), line] },
    })

    expect(verdict(answer)).toEqual({ status: 400, code: 'ssh-key/invalid' })
    expect(answer.json().field).toBe('/sshPublicKeys/1')
  })

  it('may hold what shells and YAML would read as more than a name: it stays a name', async () => {
    const name = '$(reboot) `x` "; rm -rf / #cloud-config: {a: *b}'

    const answer = await api.tenant('POST', '/v1/leases', { json: { ...leaseBody, name } })

    expect(answer.statusCode).toBe(202)
    expect(answer.json().name).toBe(name)
  })
})

describe('a field of a task', () => {
  const script = 'print(1)'
  it.each([
    { field: '/script', more: { script: undefined } },
    { field: '/scriptPath', more: { script, scriptPath: 'a.py' } },
    { field: '/script', more: { script: 'x'.repeat(262_145) } },
    { field: '/script', more: { script: 'a\u0000b' } },
    { field: '/environment/A%0AB', more: { environment: { 'A\nB': '1' } }, loose: true },
    { field: '/environment/1A', more: { environment: { '1A': '1' } }, loose: true },
    { field: '/environment/A=B', more: { environment: { 'A=B': '1' } }, loose: true },
    { field: '/environment/A', more: { environment: { A: 'two\nlines' } } },
    { field: '/environment/A', more: { environment: { A: 'NUL\u0000' } } },
    { field: '/environment', more: { environment: many(129, 'v') } },
    { field: '/arguments/0', more: { arguments: ['NUL\u0000'] } },
    { field: '/arguments', more: { arguments: Array(257).fill('x') } },
    { field: '/inputs/0/path', more: { inputs: [{ from: 'a', path: 'b\n' }] } },
    { field: '/inputs/0/path', more: { inputs: [{ from: 'a' }] } },
    { field: '/outputsPath', more: { outputsPath: '' } },
    { field: '/priority', more: { priority: 101 } },
    { field: '/priority', more: { priority: -1 } },
    { field: '/cpu', more: { cpu: 0 } },
    { field: '/memoryMiB', more: { memoryMiB: 1 } },
    { field: '/gpus/0/count', more: { gpus: [{ type: 'h100-80gb', count: 0 }] } },
    { field: '/timeLimitSeconds', more: { timeLimitSeconds: 1 } },
    { field: '/framework', more: { framework: 'cobol' } },
    { field: '/machineType', more: { machineType: 'tiny', cpu: 2 } },
  ])('is refused and named: $field', async ({ field, more, loose }) => {
    const answer = await api.tenant('POST', '/v1/tasks', { json: { script, ...more } })

    expect(verdict(answer)).toEqual(invalid)
    if (loose === true) expect(answer.json().field).toMatch(/^\/environment/)
    else expect(answer.json().field).toBe(field)
  })

  it.each(['../up', '/absolute', 'a//b', 'a/../b', './a', 'back\\slash'])(
    'is refused as a path: %j',
    async (path) => {
      for (const more of [
        { outputsPath: path },
        { scriptPath: path, script: undefined },
        { inputs: [{ from: path, path: 'ok' }] },
        { inputs: [{ from: 'ok', path }] },
      ]) {
        const answer = await api.tenant('POST', '/v1/tasks', { json: { script, ...more } })
        expect(answer.statusCode, JSON.stringify(more)).toBe(400)
      }
    },
  )
})

describe('what a refusal says', () => {
  it('is printable, short and without our insides, whatever was sent', async () => {
    const key = `\u0000\u001b[31m${'k'.repeat(5_000)}`
    const answers = await Promise.all([
      api.tenant('POST', '/v1/leases', { json: { ...leaseBody, [key]: 1 } }),
      api.tenant('POST', '/v1/leases', { body: '{"a":', headers: json }),
      api.tenant('GET', '/v1/leases?cursor=made-up'),
    ])

    for (const { body } of answers) {
      expect(body.length).toBeLessThan(1_000)
      expect(body).not.toMatch(/\\u0000|\\u001b|node_modules|at .*\.ts|SELECT|Error:/)
    }
  })
})

function many(count: number, value: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_one, index) => [`k${index}`, value]))
}
