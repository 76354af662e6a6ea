import { DomainError } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { isUnavailable, toClearError, withClearErrors } from './database-errors.ts'

const withCode = (code: string) => Object.assign(new Error('secret host 10.0.0.7'), { code })

describe('errors of the database', () => {
  it.each([
    ['a refused connection', withCode('ECONNREFUSED')],
    ['a server that is starting', withCode('57P03')],
    ['a server that is stopping', withCode('57P01')],
    ['too many connections', withCode('53300')],
    ['a full disk', withCode('53100')],
    ['a statement that took too long', withCode('57014')],
    ['a lock that took too long', withCode('55P03')],
    ['a deadlock', withCode('40P01')],
    ['a closed connection', new Error('Connection terminated unexpectedly')],
    ['a full pool', new Error('timeout exceeded when trying to connect')],
    ['an answer that never came', new Error('Query read timeout')],
    ['Prisma that reaches nobody', withCode('P1001')],
    ['Prisma around the driver', { meta: { driverAdapterError: { cause: withCode('57P01') } } }],
    ['several refused addresses', new AggregateError([withCode('ECONNREFUSED')])],
  ])('mean that it is away: %s', (_, error) => {
    const clear = toClearError(error)

    expect(clear).toMatchObject({ code: 'service/unavailable', cause: error })
    expect((clear as Error).message).not.toContain('10.0.0.7')
    expect(isUnavailable(error)).toBe(true)
  })

  it('say what is wrong with a text that cannot be stored', () => {
    for (const code of ['22021', '22P05'])
      expect(toClearError(withCode(code))).toMatchObject({ code: 'request/invalid' })
  })

  it.each([
    ['a fault of ours', withCode('42601')],
    ['a broken rule', withCode('23514')],
    ['something else', new TypeError('x is not a function')],
    ['an answer in the domain’s words', new DomainError('tenant/not-found', 'No.')],
    ['no error at all', 'text'],
  ])('pass as they are: %s', (_, error) => {
    expect(toClearError(error)).toBe(error)
  })

  it('get the same words from every method of a store', async () => {
    const store = withClearErrors({
      async good(left: number, right: number) {
        return left + right
      },
      async bad(): Promise<void> {
        throw withCode('ECONNRESET')
      },
    })

    expect(await store.good(1, 2)).toBe(3)
    await expect(store.bad()).rejects.toMatchObject({ code: 'service/unavailable' })
  })
})
