import { describe, expect, it } from 'vitest'
import { withIssuer } from '../test/with-issuer.ts'
import { signInByDeviceFlow } from './device-flow-client.ts'

describe('the device flow client', () => {
  it('shows the prompt before anybody signs in', () =>
    withIssuer(async ({ issuer }) => {
      const codes: string[] = []

      const { prompt } = await signInByDeviceFlow(issuer, 'mia', 'mia', {
        onPrompt: ({ userCode, verificationUri }) => void codes.push(userCode, verificationUri),
      })

      expect(codes).toEqual([prompt.userCode, `${issuer}/device`])
      expect(prompt.userCode).toMatch(/^[A-Z]{4}-[A-Z]{4}$/)
    }))

  it.each([
    ['mia', 'wrong'],
    ['nobody', 'nobody'],
    ['<script>', ''],
  ])('says that the password of %s is wrong', (userName, password) =>
    withIssuer(async ({ issuer }) => {
      await expect(signInByDeviceFlow(issuer, userName, password)).rejects.toThrow(
        'The user name or the password is wrong.',
      )
    }),
  )

  it('passes on why the issuer refused', () =>
    withIssuer(async ({ issuer }) => {
      await expect(
        signInByDeviceFlow(issuer, 'mia', 'mia', { clientId: 'unknown' }),
      ).rejects.toThrow('client')
    }))

  it('ends when it is told to', () =>
    withIssuer(async ({ issuer }) => {
      const signal = AbortSignal.abort(new Error('enough'))

      await expect(signInByDeviceFlow(issuer, 'mia', 'mia', { signal })).rejects.toThrow('enough')
    }))
})
