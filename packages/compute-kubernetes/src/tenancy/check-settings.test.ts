import { describe, expect, it } from 'vitest'
import { checkTenancySettings } from './check-settings.ts'
import { someSettings } from './testing/some-settings.ts'

describe('settings of tenancy', () => {
  it('are accepted when they name what must be closed', () => {
    expect(() => checkTenancySettings(someSettings())).not.toThrow()
  })

  it.each([
    { what: 'no cluster ranges', facts: { clusterRanges: [] }, says: 'clusterRanges is empty' },
    { what: 'a range that is none', facts: { clusterRanges: ['10.0.0.0'] }, says: 'no CIDR range' },
    { what: 'a mask that is too long', facts: { clusterRanges: ['10.0.0.0/33'] }, says: 'no CIDR' },
    {
      what: 'an endpoint that opens the metadata service',
      facts: { openEndpoints: [{ cidr: '169.254.0.0/16', port: 80 }] },
      says: '169.254.169.254',
    },
    {
      what: 'an endpoint that opens everything',
      facts: { openEndpoints: [{ cidr: '::/0', port: 443 }] },
      says: '::/0 contains',
    },
    { what: 'a prefix that is too long', facts: { prefix: 'a'.repeat(21) }, says: 'prefix' },
    {
      what: 'a tier that overcommits too much',
      facts: { tiers: { dev: { cpuOvercommitPercent: 200 } } },
      says: '200 %',
    },
  ])('are refused with $what', ({ facts, says }) => {
    expect(() => checkTenancySettings(someSettings(facts))).toThrow(says)
  })
})
