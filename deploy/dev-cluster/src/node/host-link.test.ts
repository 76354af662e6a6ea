import { describe, expect, it } from 'vitest'
import { networkOf, usedBlocks } from './host-link.ts'
import { dnsAddress } from './start-dns.ts'

describe('the addresses of a cluster', () => {
  it('lie in one block, with a link of four addresses per node', () => {
    const { nodeAddress, gatewayAddress, ...network } = networkOf(70)

    expect(network).toEqual({
      hostAddress: '10.70.0.1',
      hostLink: 'leasehold-70',
      podCidr: '10.70.64.0/18',
      serviceCidr: '10.96.0.0/16',
    })
    expect([0, 1, 2].map(nodeAddress)).toEqual(['10.70.0.2', '10.70.0.6', '10.70.0.10'])
    expect([0, 1, 2].map(gatewayAddress)).toEqual(['10.70.0.1', '10.70.0.5', '10.70.0.9'])
  })

  it('are those that neither a route nor an interface of the host uses', () => {
    const routes = [
      'default via 192.0.2.1 dev eth0',
      '10.71.64.0/18 via 10.71.0.2 dev leasehold-71',
      '10.0.0.0/8 via 192.0.2.7 dev eth0',
      'local 10.88.0.1 dev docker0 table local',
    ]

    expect(usedBlocks(routes.join('\n'))).toEqual(new Set([71, 88]))
  })

  it('have DNS at the tenth address of the services', () => {
    expect(dnsAddress('10.96.0.0/16')).toBe('10.96.0.10')
  })
})
