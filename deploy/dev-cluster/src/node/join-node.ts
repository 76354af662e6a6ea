import path from 'node:path'
import { waitUntil } from '../api-server/wait-until.ts'
import type { ClusterState } from '../cluster/cluster-state.ts'
import type { ControlPlane } from '../cluster/control-plane.ts'
import type { NodeAccess, ProcessSpec } from '../cluster-context.ts'
import { type Log, step } from '../log.ts'
import { supervise } from '../processes/supervise.ts'
import { writeNodeFiles, writePodNetwork } from './node-files.ts'
import { policyPermissions } from './policy-permissions.ts'
import { dnsAddress } from './start-dns.ts'

type Joining = {
  readonly folder: string
  readonly log: Log
  readonly signal: AbortSignal
  readonly plane: ControlPlane
  readonly state: ClusterState
  readonly node: NodeAccess
  readonly cgroup: string
  /** Programs, and archives of the images that every node has. */
  readonly kubernetes: string
  readonly networkPolicy: string
  readonly images: readonly string[]
  /** Words that enter the node. */
  readonly prefix: readonly string[]
}

const readyWithinMs = 60_000

/** Makes a node part of the cluster and returns the range of its pods' addresses once it is ready. */
export async function joinNode(joining: Joining): Promise<{ readonly podCidr: string }> {
  const { log, node, plane, state } = joining
  const files = await writeNodeFiles({
    ...joining,
    certificates: plane.certificates,
    podCidr: state.podCidr,
    dnsAddress: dnsAddress(state.serviceCidr),
  })
  await step(log, `${node.name}: containerd and images`, () =>
    startContainerd(joining, files.containerd),
  )
  return await step(log, `${node.name}: kubelet`, async (report) => {
    await startKubelet(joining, files.kubelet)
    report('its range of addresses')
    const podCidr = await awaitNode(joining, '{.spec.podCIDR}', (value) => value !== '')
    await writePodNetwork(node.folder, podCidr)
    report('services and network policies')
    await startNetworking(joining, files.proxy)
    report('ready')
    await awaitNode(joining, readyStatus, (value) => value === 'True')
    return { podCidr }
  })
}

const readyStatus = '{.status.conditions[?(@.type=="Ready")].status}'

async function awaitNode(
  { node, plane, signal }: Joining,
  jsonPath: string,
  isRight: (value: string) => boolean,
): Promise<string> {
  const read = ['get', 'node', node.name, '-o', `jsonpath=${jsonPath}`]
  const check = async () => {
    const value = await plane.kubectl(read)
    return isRight(value) ? value : null
  }
  return await waitUntil(`node ${node.name}, ${jsonPath} (see kubelet-${node.name}.log)`, check, {
    withinMs: readyWithinMs,
    signal,
  })
}

function run({ folder, node, prefix, signal }: Joining, spec: ProcessSpec) {
  const name = `${spec.name}-${node.name}`
  return supervise(folder, { ...spec, name }, prefix, signal)
}

async function startContainerd(joining: Joining, settings: string): Promise<void> {
  const { node, images } = joining
  await run(joining, {
    name: 'containerd',
    program: 'containerd',
    args: ['--config', settings],
    isReady: async () => (await node.exec('ctr', ['version'])) !== '',
  })
  for (const image of images) await node.importImage(image)
}

async function startKubelet(joining: Joining, settings: string): Promise<void> {
  const { node, plane, kubernetes } = joining
  await run(joining, {
    name: 'kubelet',
    program: kubernetes,
    args: [
      'kubelet',
      `--config=${settings}`,
      `--kubeconfig=${path.join(plane.certificates, `kubelet-${node.name}.kubeconfig`)}`,
      '--root-dir=/var/lib/kubelet',
      `--cert-dir=${path.join(node.folder, 'kubelet-certificates')}`,
      `--hostname-override=${node.name}`,
      `--node-ip=${node.address}`,
    ],
  })
}

/** Returns when a pod that no policy was applied to yet is refused, which is the last thing the enforcer sets up. */
async function startNetworking(joining: Joining, proxySettings: string): Promise<void> {
  const { node, plane, state, kubernetes, networkPolicy } = joining
  await run(joining, {
    name: 'kube-proxy',
    program: kubernetes,
    args: ['kube-proxy', `--config=${proxySettings}`],
    restarts: true,
  })
  await plane.kubectl(['apply', '-f', '-'], JSON.stringify(policyPermissions))
  await run(joining, {
    name: 'network-policy',
    program: networkPolicy,
    args: [
      `--kubeconfig=${path.join(plane.certificates, 'network-policy.kubeconfig')}`,
      `--hostname-override=${node.name}`,
      `--service-cluster-ip-range=${state.serviceCidr}`,
      ...['--enable-ipv4=true', '--enable-ipv6=false', '--iptables-sync-period=60s'],
      ...['--netpol-default-deny', '--v=1'],
    ],
    restarts: true,
    isReady: async () =>
      (await node.exec('iptables', ['-w', '5', '-S', 'KUBE-NWPLCY-TAIL'])).includes('REJECT'),
  })
}
