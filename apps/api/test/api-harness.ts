import { type APlatform, aPlatform, aPublicKey } from '@leasehold/testing'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { type ApiSettings, composeApi, defaultApiSettings } from '../src/index.ts'
import { makeAnswerChecker } from './declared-answers.ts'

export type Person = Parameters<APlatform['tokenOf']>[0]
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type Call = {
  /** Whose token is sent; null sends none. */
  readonly as?: Person | null
  readonly json?: unknown
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export type Answer = LightMyRequestResponse

export const apiConfig = {
  api: { host: '127.0.0.1', port: 0 },
  operator: { host: '127.0.0.1', port: 0 },
  runApi: { host: '127.0.0.1', port: 0 },
  gateway: {
    domain: 'localhost',
    port: 8_082,
    publicUrl: null,
    sshPort: 2_222,
    sshPublicHost: '127.0.0.1',
  },
  limits: {
    bodyBytes: 1_048_576,
    readsPerMinute: 1_000_000,
    writesPerMinute: 1_000_000,
    unauthenticatedPerMinute: 1_000_000,
  },
}

const plenty = { perSecond: 1e6, burst: 1e6 }

/** Limits that no test meets by accident. */
export const roomySettings: ApiSettings = {
  ...defaultApiSettings,
  rateLimits: {
    refusals: plenty,
    tenant: { read: plenty, write: plenty, upload: plenty, stream: plenty },
  },
}

const checkers = new Map<Person, ReturnType<typeof makeAnswerChecker>>()

/** The documents are the same for every instance: one checker per API and test file is enough. */
function checkerOf(app: FastifyInstance, usual: Person) {
  const checker = checkers.get(usual) ?? makeAnswerChecker(app)
  checkers.set(usual, checker)
  return checker
}

/**
 * The three apps over a platform in memory, spoken to without a network. Every answer of the tenant and
 * the operator API is checked against what their documents declare.
 */
export async function anApi(
  settings: Partial<ApiSettings> = {},
  change: (platform: APlatform) => Partial<APlatform> = () => ({}),
) {
  const platform = await aPlatform()
  const api = composeApi(
    apiConfig,
    { ...platform, ...change(platform) },
    { ...roomySettings, ...settings },
  )
  await Promise.all([api.tenantApp.ready(), api.operatorApp.ready(), api.runApp.ready()])
  const ask = (app: FastifyInstance, usual: Person) => {
    const check = checkerOf(app, usual)
    return async (method: Method, url: string, call?: Call): Promise<Answer> => {
      const answer = await send(app, platform, usual, method, url, call)
      check(method, url, answer)
      return answer
    }
  }
  return {
    ...api,
    platform,
    tenant: ask(api.tenantApp, 'olivia'),
    operator: ask(api.operatorApp, 'oscar'),
  }
}

export type AnApi = Awaited<ReturnType<typeof anApi>>

function send(
  app: FastifyInstance,
  platform: APlatform,
  usual: Person,
  method: Method,
  url: string,
  { as = usual, json, body, headers = {} }: Call = {},
): Promise<Answer> {
  const payload = json === undefined ? body : JSON.stringify(json)
  return app.inject({
    method,
    url,
    headers: {
      ...(as === null ? {} : { authorization: `Bearer ${platform.tokenOf(as)}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(payload === undefined ? {} : { payload }),
  })
}

/** The smallest lease that can be asked for. */
export const leaseBody = { machineType: 'tiny', sshPublicKeys: [aPublicKey()] }

/** A lease of acme's, in the queue. */
export async function aRequestedLease(api: AnApi, call: Call = {}): Promise<string> {
  const answer = await api.tenant('POST', '/v1/leases', { json: leaseBody, ...call })
  return answer.json().id
}

/** A lease of acme's whose machine answers. */
export async function aReadyLease(api: AnApi): Promise<string> {
  const id = await aRequestedLease(api)
  await api.platform.settle()
  return id
}

/** A task of acme's, in the queue. */
export async function aSubmittedTask(api: AnApi, more: object = {}): Promise<string> {
  const json = { script: 'print("hello")', ...more }
  const answer = await api.tenant('POST', '/v1/tasks', { json })
  return answer.json().id
}

/** Status and code: what most tests look at. */
export function verdict(answer: Answer): { status: number; code: string | undefined } {
  return { status: answer.statusCode, code: answer.json().code }
}
