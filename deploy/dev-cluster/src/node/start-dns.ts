import type { ClusterState } from '../cluster/cluster-state.ts'
import type { ControlPlane } from '../cluster/control-plane.ts'
import { dnsImage } from '../images/base-images.ts'

/** The usual tenth address of the services' range. Pure. */
export function dnsAddress(serviceCidr: string): string {
  return serviceCidr.replace(/\.\d+\/\d+$/, '.10')
}

/** Starts the cluster's DNS as a pod and returns when it answers. */
export async function startDns(
  { kubectl }: ControlPlane,
  { serviceCidr, host }: ClusterState,
): Promise<void> {
  if (host === null) throw new Error('Cluster DNS needs a real node')
  const items = [...identity, settings(host.address), service(dnsAddress(serviceCidr)), deployment]
  await kubectl(['apply', '-f', '-'], JSON.stringify({ kind: 'List', apiVersion: 'v1', items }))
  await kubectl(['-n', 'kube-system', 'rollout', 'status', 'deployment/dns', '--timeout=90s'])
}

const namespace = 'kube-system'
const labels = { 'k8s-app': 'kube-dns' }
const rbac = 'rbac.authorization.k8s.io'

const identity = [
  { kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'dns', namespace } },
  {
    kind: 'ClusterRole',
    apiVersion: `${rbac}/v1`,
    metadata: { name: 'leasehold:dns' },
    rules: [
      { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ],
  },
  {
    kind: 'ClusterRoleBinding',
    apiVersion: `${rbac}/v1`,
    metadata: { name: 'leasehold:dns' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'leasehold:dns' },
    subjects: [{ kind: 'ServiceAccount', name: 'dns', namespace }],
  },
]

/**
 * One block per zone, since a template is asked before any other source of names. Names outside the
 * cluster do not exist: answered at once, as nothing outside can be reached anyway.
 */
function settings(hostAddress: string): object {
  const corefile = `cluster.local in-addr.arpa {
  errors
  ready 0.0.0.0:8181
  kubernetes cluster.local in-addr.arpa {
    pods disabled
    ttl 5
  }
}
leasehold.internal {
  errors
  hosts {
    ${hostAddress} host.leasehold.internal
  }
}
. {
  errors
  template ANY ANY . {
    rcode NXDOMAIN
  }
}
`
  return {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'dns', namespace },
    data: { Corefile: corefile },
  }
}

function service(clusterIP: string): object {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ]
  const spec = { clusterIP, selector: labels, ports }
  return { kind: 'Service', apiVersion: 'v1', metadata: { name: 'kube-dns', namespace }, spec }
}

const deployment = {
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name: 'dns', namespace },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: 'dns',
        dnsPolicy: 'Default',
        priorityClassName: 'system-cluster-critical',
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'dns',
            image: dnsImage,
            imagePullPolicy: 'Never',
            args: ['-conf', '/etc/dns/Corefile'],
            resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
            readinessProbe: { httpGet: { port: 8181, path: '/ready' }, periodSeconds: 1 },
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
              readOnlyRootFilesystem: true,
            },
            volumeMounts: [{ name: 'settings', mountPath: '/etc/dns' }],
          },
        ],
        volumes: [{ name: 'settings', configMap: { name: 'dns' } }],
      },
    },
  },
}
