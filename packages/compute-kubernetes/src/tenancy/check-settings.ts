import { BlockList, isIP } from 'node:net'
import { tiers } from '@leasehold/domain'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { tierRules } from './tier-rules.ts'

/** Clouds hand out credentials at these addresses. No setting may open them. */
const metadataAddresses = ['169.254.169.254', 'fd00:ec2::254']

/** Throws, with what to correct, for settings that would leave tenants open. */
export function checkTenancySettings(settings: KubernetesPoolSettings): void {
  const { prefix, clusterRanges, openEndpoints, gatewayRanges = [] } = settings
  if (!/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/.test(prefix))
    throw new Error(`prefix "${prefix}" is no DNS label of 2 to 20 characters`)
  if (clusterRanges.length === 0)
    throw new Error(
      'clusterRanges is empty: name the ranges of pods, services and nodes and the API server, so that tenants cannot reach them',
    )
  for (const cidr of [...clusterRanges, ...gatewayRanges]) parseCidr(cidr)
  for (const { cidr } of openEndpoints) {
    const range = parseCidr(cidr)
    const opened = metadataAddresses.find((address) => contains(range, address))
    if (opened !== undefined)
      throw new Error(
        `openEndpoints: ${cidr} contains ${opened}, where clouds hand out credentials. Name the endpoint's own address.`,
      )
  }
  for (const tier of tiers) tierRules(tier, settings.tiers)
}

function parseCidr(cidr: string): BlockList {
  const [address = '', length = ''] = cidr.split('/')
  const family = isIP(address)
  const bits = Number(length)
  if (family === 0 || !/^\d{1,3}$/.test(length) || bits > (family === 4 ? 32 : 128))
    throw new Error(`"${cidr}" is no CIDR range, for example 10.0.0.0/8`)
  const range = new BlockList()
  range.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
  return range
}

function contains(range: BlockList, address: string): boolean {
  return range.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}
