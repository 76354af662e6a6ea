import { labelNames } from '../object-names.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import type { InternetAccess, TierRules } from './tier-rules.ts'

type Peer = Readonly<Record<string, unknown>>
type Port = { readonly protocol: string; readonly port: number; readonly endPort?: number }
type Policy = { readonly name: string; readonly spec: Readonly<Record<string, unknown>> }

const sshPort = 22
const jupyterPort = 8_888
/** CDI's server in a tenant's namespace that takes a cloned disk's content. */
const diskUploadPort = 8_443

/**
 * No address of these is the internet: this host, private networks, link-local (the metadata service is
 * 169.254.169.254, on AWS also fd00:ec2::254), carrier NAT, benchmarks, multicast, reserved.
 */
export const neverInternet = {
  v4: [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ],
  v6: ['::/127', '64:ff9b::/96', 'fc00::/7', 'fe80::/10', 'ff00::/8'],
} as const

/** Everything is closed; each further policy opens one thing. Policies add up, so none can close what another opens. */
export function networkPolicies(
  rules: TierRules,
  settings: KubernetesPoolSettings,
): readonly Policy[] {
  return [
    {
      name: 'leasehold-default-deny',
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    },
    fromGateway(settings),
    ...diskClones(settings),
    toNames(),
    ...toOpenEndpoints(settings),
    ...toInternet(rules.internet, settings),
  ]
}

function fromGateway({ systemNamespace, gatewayRanges = [] }: KubernetesPoolSettings): Policy {
  return {
    name: 'leasehold-from-gateway',
    spec: {
      podSelector: { matchExpressions: [{ key: labelNames.lease, operator: 'Exists' }] },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [
            {
              namespaceSelector: namespaceNamed(systemNamespace),
              podSelector: { matchLabels: gatewayPodLabels },
            },
            ...gatewayRanges.map((cidr): Peer => ({ ipBlock: { cidr } })),
          ],
          ports: [tcp(sshPort), tcp(jupyterPort)],
        },
      ],
    },
  }
}

/** The labels by which machines know the gateway's pods, in `systemNamespace`. */
export const gatewayPodLabels = {
  'app.kubernetes.io/name': 'leasehold',
  'app.kubernetes.io/component': 'gateway',
} as const

/** Where the storage cannot clone by itself, CDI's pod beside the golden disk sends it to a pod in the tenant's namespace. */
function diskClones({ images }: KubernetesPoolSettings): readonly Policy[] {
  const namespaces = [...new Set(Object.values(images).map((image) => image.dataSource.namespace))]
  if (namespaces.length === 0) return []
  return [
    {
      name: 'leasehold-disk-clones',
      spec: {
        podSelector: { matchLabels: { 'cdi.kubevirt.io': 'cdi-upload-server' } },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: namespaces.sort().map((name) => ({
              namespaceSelector: namespaceNamed(name),
              podSelector: { matchLabels: { 'cdi.kubevirt.io': 'cdi-clone-source' } },
            })),
            ports: [tcp(diskUploadPort)],
          },
        ],
      },
    },
  ]
}

function toNames(): Policy {
  return {
    name: 'leasehold-to-dns',
    spec: egress([
      {
        to: [
          {
            namespaceSelector: namespaceNamed('kube-system'),
            podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
          },
        ],
        ports: [{ protocol: 'UDP', port: 53 }, tcp(53)],
      },
    ]),
  }
}

function toOpenEndpoints({ openEndpoints }: KubernetesPoolSettings): readonly Policy[] {
  if (openEndpoints.length === 0) return []
  const rules = openEndpoints.map(({ cidr, port }) => ({
    to: [{ ipBlock: { cidr } }],
    // Resolvers are asked by both.
    ports: port === 53 ? [{ protocol: 'UDP', port }, tcp(port)] : [tcp(port)],
  }))
  return [{ name: 'leasehold-to-endpoints', spec: egress(rules) }]
}

function toInternet(
  access: InternetAccess,
  { clusterRanges }: KubernetesPoolSettings,
): readonly Policy[] {
  if (access === 'none') return []
  const isV6 = (cidr: string) => cidr.includes(':')
  const except = (never: readonly string[], ranges: readonly string[]) =>
    [...new Set([...never, ...ranges])].sort()
  const v4 = except(
    neverInternet.v4,
    clusterRanges.filter((cidr) => !isV6(cidr)),
  )
  const v6 = except(neverInternet.v6, clusterRanges.filter(isV6))
  const to = [
    { ipBlock: { cidr: '0.0.0.0/0', except: v4 } },
    { ipBlock: { cidr: '::/0', except: v6 } },
  ]
  return [{ name: 'leasehold-to-internet', spec: egress([{ to, ports: portsOf(access) }]) }]
}

function portsOf(access: 'web' | 'all'): readonly Port[] {
  if (access === 'web') return [tcp(80), tcp(443)]
  return [
    { protocol: 'TCP', port: 1, endPort: 24 },
    { protocol: 'TCP', port: 26, endPort: 65_535 },
    { protocol: 'UDP', port: 1, endPort: 65_535 },
  ]
}

function egress(rules: readonly unknown[]): Policy['spec'] {
  return { podSelector: {}, policyTypes: ['Egress'], egress: rules }
}

function namespaceNamed(name: string): Peer {
  return { matchLabels: { 'kubernetes.io/metadata.name': name } }
}

function tcp(port: number): Port {
  return { protocol: 'TCP', port }
}
