import { DomainError } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { type AdminClient, AnswerTimedOut } from './admin-client.ts'
import { writeTo } from './people.ts'

const invited = { id: 'u-1', enabled: true, requiredActions: ['UPDATE_PASSWORD'] }

/** Answers a letter in one way, and counts them. */
function anAdmin(answer: () => number) {
  const letters: unknown[] = []
  const send: AdminClient['send'] = async (method, path, body) => {
    letters.push([method, path, body])
    return { status: answer(), body: null, madeId: null }
  }
  return { admin: { send }, letters }
}

const failing = (error: Error) => (): number => {
  throw error
}

describe('a letter', () => {
  it.each<[string, () => number]>([
    ['sent', () => 204],
    ['not-sent', () => 400],
    ['not-sent', failing(new DomainError('service/unavailable', 'Keycloak answered 500'))],
    ['unconfirmed', failing(new AnswerTimedOut('service/unavailable', 'no answer'))],
  ])('is said to be %s when it is (%#)', async (notice, answer) => {
    expect(await writeTo(anAdmin(answer).admin, invited)).toBe(notice)
  })

  it('is written as often as somebody without a password is let in', async () => {
    const { admin, letters } = anAdmin(() => 204)

    await writeTo(admin, invited)
    await writeTo(admin, invited)

    const place = '/users/u-1/execute-actions-email'
    expect(letters).toEqual(Array(2).fill(['PUT', place, ['VERIFY_EMAIL', 'UPDATE_PASSWORD']]))
  })

  it('is not written to who has chosen a password', async () => {
    const { admin, letters } = anAdmin(() => 204)

    expect(await writeTo(admin, { id: 'u-1', enabled: true })).toBe('not-needed')
    expect(letters).toEqual([])
  })
})
