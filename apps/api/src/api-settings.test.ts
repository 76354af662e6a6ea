import { describe, expect, it } from 'vitest'
import { defaultApiSettings } from './api-settings.ts'

describe('the claim on an Idempotency-Key', () => {
  const { handlerTimeoutMs, idempotency } = defaultApiSettings

  it('outlives every handler, so that nobody takes over work that is still being done', () => {
    expect(idempotency.staleMs).toBeGreaterThan(handlerTimeoutMs)
  })

  it('does not outlive them for long: a crash leaves it with nobody to give it back', () => {
    expect(idempotency.staleMs).toBeLessThanOrEqual(handlerTimeoutMs + 5_000)
  })
})
