import { type MemberRole, mayDo } from '@leasehold/domain'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type AnApi,
  type Answer,
  anApi,
  aReadyLease,
  aSubmittedTask,
  type Person,
} from '../test/api-harness.ts'
import { type Operation, operationsOf } from '../test/declared-answers.ts'
import { bodies, missingIds } from '../test/valid-requests.ts'
import { type TenantOperation, tenantOperations } from './plugins/tenant-operations.ts'

const lone = await anApi()
const tenantOps = operationsOf(lone.tenantApp).filter(({ isPublic }) => !isPublic)
const operatorOps = operationsOf(lone.operatorApp).filter(({ isPublic }) => !isPublic)
const roles: readonly { person: Person; role: MemberRole }[] = [
  { person: 'olivia', role: 'owner' },
  { person: 'mia', role: 'member' },
  { person: 'victor', role: 'viewer' },
  { person: 'bill', role: 'billing' },
]

function addressOf({ path }: Operation, ids: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_all, name: string) => ids[name] ?? missingIds[name] ?? 'x')
}

function callOf(operation: Operation, as: Person | null, headers: Record<string, string> = {}) {
  const json = bodies[operation.operationId]
  if (operation.operationId === 'putFile') return { as, headers, body: 'content' }
  return json === undefined ? { as, headers } : { as, headers, json }
}

/** What an answer says, without the parts that name this request or this id. */
function anonymous(answer: Answer, id: string): unknown {
  const { requestId: _requestId, ...problem } = answer.json()
  const { 'x-request-id': _header, date: _date, ...headers } = answer.headers
  for (const name of Object.keys(headers)) if (name.startsWith('ratelimit')) delete headers[name]
  const text = JSON.stringify({ status: answer.statusCode, headers, problem })
  return text.replaceAll(id, 'THE-ID')
}

describe('the tenant API', () => {
  it.each(tenantOps)('answers $method $path with 401 without a token', async (operation) => {
    const answer = await lone.tenant(operation.method, addressOf(operation, {}), {
      ...callOf(operation, null),
    })

    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toMatchObject({ code: 'auth/unauthenticated', status: 401 })
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="leasehold"')
  })

  it.each(tenantOps)(
    'answers $method $path with 401 to a token nobody issued',
    async (operation) => {
      const answer = await lone.tenant(
        operation.method,
        addressOf(operation, {}),
        callOf(operation, null, { authorization: 'Bearer made-up' }),
      )

      expect(answer.statusCode).toBe(401)
      expect(answer.headers['www-authenticate']).toBe(
        'Bearer realm="leasehold", error="invalid_token"',
      )
    },
  )

  it.each(tenantOps)(
    'answers $method $path with 403 to an operator without a tenant',
    async (operation) => {
      const call = callOf(operation, 'oscar')

      const answer = await lone.tenant(operation.method, addressOf(operation, {}), call)

      expect(answer.statusCode).toBe(403)
      expect(answer.json().code).toBe('auth/forbidden')
    },
  )

  const cases = tenantOps.flatMap((operation) => roles.map((role) => ({ ...operation, ...role })))
  it.each(cases)('lets $role call $operationId exactly when the table says so', async (one) => {
    const row = (tenantOperations as Record<string, TenantOperation>)[one.operationId]
    const allowed = row?.permission === null || mayDo(one.role, row?.permission ?? 'leases:write')

    const answer = await lone.tenant(one.method, addressOf(one, {}), callOf(one, one.person))

    expect(answer.statusCode === 403, answer.body).toBe(!allowed)
  })
})

describe('what belongs to another tenant', () => {
  const idBearing = tenantOps.filter(({ path }) =>
    /\{(leaseId|taskId|id|accountId|keyId|path)\}/.test(path),
  )
  let api: AnApi
  let ids: Record<string, string>

  beforeAll(async () => {
    api = await anApi()
    const key = await api.tenant('POST', '/v1/ssh-keys', { json: bodies.addSshKey })
    await api.tenant('PUT', '/v1/files/secret/plan.txt', { body: 'acme only' })
    const account = await api.tenant('POST', '/v1/service-accounts', {
      json: bodies.createServiceAccount,
    })
    const apiKey = await api.tenant('POST', '/v1/api-keys', {
      json: { serviceAccountId: account.json().id, name: 'key' },
    })
    ids = {
      leaseId: await aReadyLease(api),
      taskId: await aSubmittedTask(api),
      id: key.json().id,
      accountId: account.json().id,
      keyId: apiKey.json().id,
      path: 'secret/plan.txt',
    }
  })

  it.each(idBearing)('answers $method $path exactly like what never was', async (operation) => {
    if (operation.operationId === 'putFile') return
    const name = /\{(\w+)\}/.exec(operation.path)?.[1] as string
    const [own, missing] = [ids[name] as string, missingIds[name] as string]
    const ask = (id: string) =>
      api.tenant(operation.method, addressOf(operation, { [name]: id }), callOf(operation, 'gina'))

    const foreign = await ask(own)
    const never = await ask(missing)

    expect(foreign.statusCode).toBe(404)
    expect(anonymous(foreign, own)).toBe(anonymous(never, missing))
  })

  it('is still there afterwards, untouched', async () => {
    expect((await api.tenant('GET', `/v1/leases/${ids.leaseId}`)).json().state).toBe('ready')
    expect((await api.tenant('GET', `/v1/tasks/${ids.taskId}`)).json().state).toBe('queued')
    expect((await api.tenant('GET', '/v1/files/secret/plan.txt')).statusCode).toBe(200)
    for (const path of ['/v1/ssh-keys', '/v1/service-accounts', '/v1/api-keys'])
      expect((await api.tenant('GET', path)).json().items, path).toHaveLength(1)
  })

  it('is in nobody else’s lists', async () => {
    for (const path of [
      ...['/v1/leases', '/v1/tasks', '/v1/files', '/v1/ssh-keys'],
      ...['/v1/service-accounts', '/v1/api-keys'],
    ])
      expect((await api.tenant('GET', path, { as: 'gina' })).json(), path).toEqual({
        items: [],
        next: null,
      })
  })

  it('is not overwritten by a file of the same path', async () => {
    await api.tenant('PUT', '/v1/files/secret/plan.txt', { as: 'gina', body: 'globex' })

    const mine = await api.tenant('GET', '/v1/files/secret/plan.txt')

    expect(mine.json().sizeBytes).toBe('acme only'.length)
  })

  it('is not opened by a cursor of another tenant', async () => {
    await aReadyLease(api)
    const { next } = (await api.tenant('GET', '/v1/leases?limit=1')).json()

    const answer = await api.tenant('GET', `/v1/leases?cursor=${next}`, { as: 'gina' })

    expect(next).toBeTruthy()
    expect(answer.json().code).toBe('cursor/invalid')
  })
})

describe('the operator API', () => {
  it.each(operatorOps)('answers $method $path with 401 without a token', async (operation) => {
    const answer = await lone.operator(
      operation.method,
      addressOf(operation, {}),
      callOf(operation, null),
    )

    expect(answer.statusCode).toBe(401)
  })

  it.each(operatorOps)(
    'answers $method $path with 403 to the owner of a tenant',
    async (operation) => {
      const answer = await lone.operator(
        operation.method,
        addressOf(operation, { tenantId: 'ten_acme' }),
        callOf(operation, 'olivia'),
      )

      expect(answer.statusCode).toBe(403)
      expect(answer.json().code).toBe('auth/forbidden')
    },
  )

  const idBearing = operatorOps.filter(({ path }) => /\{(tenantId|leaseId)\}/.test(path))
  it.each(idBearing)(
    'answers $method $path with 404 for an id that never was',
    async (operation) => {
      const answer = await lone.operator(
        operation.method,
        addressOf(operation, {}),
        callOf(operation, 'oscar'),
      )

      expect(answer.statusCode).toBe(404)
    },
  )
})

describe('every address of both APIs', () => {
  const all = [
    ...tenantOps.map((operation) => ({ ...operation, app: 'tenant' as const })),
    ...operatorOps.map((operation) => ({ ...operation, app: 'operator' as const })),
  ]

  it.each(all)(
    'refuses TRACE on $path with 405 and says what it answers',
    async ({ app, ...one }) => {
      const server = app === 'tenant' ? lone.tenantApp : lone.operatorApp

      const answer = await server.inject({ method: 'TRACE', url: addressOf(one, {}) } as never)

      expect(answer.statusCode).toBe(405)
      expect(String(answer.headers.allow)).toContain(one.method)
    },
  )
})
