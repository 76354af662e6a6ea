import { DomainError, domainErrorCodes } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { anApi, leaseBody, verdict } from '../../test/api-harness.ts'
import { isLasting, problemAnswers, problemOf } from './problem-answers.ts'

/** An API whose lease requests fail with `error`. */
function whereLeasesFail(error: unknown) {
  return anApi({}, ({ leases }) => ({
    leases: Object.assign(Object.create(leases), {
      admit: async () => {
        throw error
      },
    }),
  }))
}

describe('a refusal of the domain', () => {
  it.each(domainErrorCodes)('%s has a status, a title and no two meanings', (code) => {
    const { status, title } = problemAnswers[code]

    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    expect(title).not.toBe('')
  })

  it('becomes a problem with its code, words, field and facts', async () => {
    const refusal = new DomainError(
      'quota/exceeded',
      'The quota of vcpu is 4.',
      { resource: 'vcpu', limit: 4, used: 4, asked: 1, free: 0 },
      '/machineType',
    )
    const api = await whereLeasesFail(refusal)

    const answer = await api.tenant('POST', '/v1/leases', { json: leaseBody })

    expect(answer.statusCode).toBe(403)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(answer.json()).toEqual({
      type: 'urn:leasehold:problem:quota:exceeded',
      title: 'Quota exceeded',
      status: 403,
      code: 'quota/exceeded',
      detail: 'The quota of vcpu is 4.',
      requestId: answer.headers['x-request-id'],
      field: '/machineType',
      facts: { resource: 'vcpu', limit: 4, used: 4, asked: 1, free: 0 },
    })
  })

  it('that something is down tells the client to come back', async () => {
    const api = await whereLeasesFail(new DomainError('service/unavailable', 'Try again.'))

    const answer = await api.tenant('POST', '/v1/leases', { json: leaseBody })

    expect(verdict(answer)).toEqual({ status: 503, code: 'service/unavailable' })
    expect(answer.headers['retry-after']).toBe('2')
  })
})

describe('a failure that nobody foresaw', () => {
  const secret = 'postgres://root:hunter2@10.0.0.9/db'

  it('is answered with 500 and without a word of it; the log has it all', async () => {
    const api = await whereLeasesFail(new Error(`connect ${secret}`))

    const answer = await api.tenant('POST', '/v1/leases', { json: leaseBody })

    expect(verdict(answer)).toEqual({ status: 500, code: 'internal' })
    expect(answer.body).not.toContain('hunter2')
    const line = api.platform.log.lines.find(({ level }) => level === 'error')
    expect(line).toMatchObject({
      message: 'request finished',
      fields: { status: 500, code: 'internal', requestId: answer.json().requestId },
    })
    expect(line?.fields.err).toBeInstanceOf(Error)
  })

  it.each(['text', 7, { statusCode: 200 }])(
    'is answered with 500 even when %j was thrown',
    async (thrown) => {
      const api = await whereLeasesFail(thrown)

      const answer = await api.tenant('POST', '/v1/leases', { json: leaseBody })

      expect(verdict(answer)).toEqual({ status: 500, code: 'internal' })
    },
  )
})

describe('a wrong address or method', () => {
  it('is told apart: 404 for what is not there, 405 with Allow for what answers otherwise', async () => {
    const api = await anApi()

    const nowhere = await api.tenant('GET', '/v1/nothing')
    const otherwise = await api.tenant('PATCH', '/v1/leases')

    expect(verdict(nowhere)).toEqual({ status: 404, code: 'request/not-found' })
    expect(verdict(otherwise)).toEqual({ status: 405, code: 'request/method-not-allowed' })
    expect(otherwise.headers.allow).toBe('POST, GET')
  })
})

describe('which refusals are for ever', () => {
  it('does not include those that end by waiting, paying or asking again', () => {
    for (const code of [
      'request/rate-limited',
      'quota/exceeded',
      'service/unavailable',
      'tenant/suspended',
      'lease/action-not-possible',
      'internal',
    ] as const)
      expect(isLasting(code), code).toBe(false)
  })
})

describe('a problem', () => {
  it('leaves out field and facts where there are none', () => {
    const problem = problemOf('internal', 'x', 'req-1', { field: null, facts: {} })

    expect(Object.keys(problem)).toEqual(['type', 'title', 'status', 'code', 'detail', 'requestId'])
  })
})
