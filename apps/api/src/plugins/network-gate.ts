import {
  DomainError,
  maySendFrom,
  type Network,
  type NetworkRules,
  parseNetwork,
} from '@leasehold/domain'
import fp from 'fastify-plugin'

/** Probes come from nodes that no list names. */
const alwaysOpen = new Set(['/livez', '/readyz'])

/** Refuses everything but health to addresses that the rules leave out, before anything else is looked at. */
export const networkGate = fp<{ rules: NetworkRules }>(
  async (app, { rules }) => {
    if (rules.allow.length === 0 && rules.deny.length === 0) return
    app.addHook('onRequest', (request, _reply, done) => {
      if (alwaysOpen.has(request.routeOptions.url ?? '')) return done()
      done(isLetIn(rules, request.ip) ? undefined : addressRefused(request.ip))
    })
  },
  { name: 'network-gate', dependencies: ['errors'] },
)

type ParsedRules = { readonly allow: readonly Network[]; readonly deny: readonly Network[] }
const known = new WeakMap<NetworkRules, ParsedRules>()

/** Whether the rules let `address` in. Rules that are seen again are not parsed again. */
export function isLetIn(rules: NetworkRules, address: string): boolean {
  if (rules.allow.length === 0 && rules.deny.length === 0) return true
  const { allow, deny } = known.get(rules) ?? parsed(rules)
  return maySendFrom(allow, deny, address)
}

export function addressRefused(address: string): DomainError {
  return new DomainError(
    'auth/address-refused',
    'Requests from this address are not answered. Call from an allowed network, or ask the operator to change the list.',
    { address },
  )
}

/** What is stored was checked before. */
function parsed(rules: NetworkRules): ParsedRules {
  const all = (texts: readonly string[]) => texts.map(parseNetwork).filter((one) => one !== null)
  const fresh = { allow: all(rules.allow), deny: all(rules.deny) }
  known.set(rules, fresh)
  return fresh
}
