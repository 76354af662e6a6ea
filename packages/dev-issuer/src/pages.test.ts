import { describe, expect, it } from 'vitest'
import { withIssuer } from '../test/with-issuer.ts'
import { loginPage } from './pages.ts'

describe('the pages', () => {
  it('load nothing, cannot be framed and stand on their own', () =>
    withIssuer(async ({ issuer }) => {
      const response = await fetch(`${issuer}/device`)
      const page = await response.text()

      const policy = response.headers.get('content-security-policy')
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(page).toContain('<html lang="en">')
      expect(page).toContain('aria-label="Code"')
      expect(page).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)/)
    }))

  it('answer an old or foreign sign-in with words, not with a stack', () =>
    withIssuer(async ({ issuer }) => {
      const response = await fetch(`${issuer}/interaction/unknown`)

      expect(response.status).toBe(400)
      expect(await response.text()).toContain('Start again from the application')
    }))

  it('say where the realm is when asked for something else', () =>
    withIssuer(async ({ issuer }) => {
      const response = await fetch(new URL('/realms/other', issuer))

      expect(response.status).toBe(404)
      expect(await response.text()).toContain('/realms/leasehold/')
    }))

  it('show what people typed as text, whatever it is', () => {
    const page = loginPage('/x', '"><script>alert(1)</script>', null)

    expect(page).toContain('value="&quot;&gt;&lt;script&gt;')
    expect(page).not.toContain('<script>')
  })
})
