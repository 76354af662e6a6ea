import path from 'node:path'
import { waitUntil } from '../api-server/wait-until.ts'
import type { ClusterState } from '../cluster/cluster-state.ts'
import { type ControlPlane, certificatesFolder } from '../cluster/control-plane.ts'
import type { NodeAccess, ProcessSpec } from '../cluster-context.ts'
import { type Log, step } from '../log.ts'
import { supervise } from '../processes/supervise.ts'
import { type NodeFiles, writeNodeFiles, writePodNetwork } from './node-files.ts'
import { policyPermissions } from './policy-permissions.ts'
import { dnsAddress } from './start-dns.ts'

type Preparing = {
  readonly folder: string
  readonly log: Log
  readonly signal: AbortSignal
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

export type PreparedNode = Preparing & { readonly files: NodeFiles }
type Joining = PreparedNode & { readonly plane: ControlPlane }

const readyWithinMs = 60_000

/** What can be done before there is a control plane: containerd and the images. */
export async function prepareNode(preparing: Preparing): Promise<PreparedNode> {
  const { folder, log, node, state } = preparing
  const files = await writeNodeFiles({
    ...preparing,
    certificates: certificatesFolder(folder),
    podCidr: state.podCidr,
    dnsAddress: dnsAddress(state.serviceCidr),
  })
  await step(log, `${node.name}: containerd and images`, () =>
    startContainerd(preparing, files.containerd),
  )
  return { ...preparing, files }
}

/** Makes a node part of the cluster and returns the range of its pods' addresses once it is ready. */
export async function joinNode(
  prepared: PreparedNode,
  plane: ControlPlane,
): Promise<{ readonly podCidr: string }> {
  const { log, node } = prepared
  const joining = { ...prepared, plane }
  return await step(log, `${node.name}: kubelet`, async (report) => {
    await startKubelet(joining)
    report('its range of addresses')
    const podCidr = await awaitNode(joining, '{.spec.podCIDR}', (value) => value !== '')
    await writePodNetwork(node.folder, podCidr)
    report('services and network policies')
    await startNetworking(joining)
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

function run({ folder, node, prefix, signal }: Preparing, spec: ProcessSpec) {
  const name = `${spec.name}-${node.name}`
  return supervise(folder, { ...spec, name }, prefix, signal)
}

async function startContainerd(preparing: Preparing, settings: string): Promise<void> {
  const { node, images } = preparing
  await run(preparing, {
    name: 'containerd',
    program: 'containerd',
    args: ['--config', settings],
    isReady: async () => (await node.exec('ctr', ['version'])) !== '',
  })
  for (const image of images) await node.importImage(image)
}

async function startKubelet(joining: Joining): Promise<void> {
  const { node, plane, kubernetes, files } = joining
  await run(joining, {
    name: 'kubelet',
    program: kubernetes,
    args: [
      'kubelet',
      `--config=${files.kubelet}`,
      `--kubeconfig=${path.join(plane.certificates, `kubelet-${node.name}.kubeconfig`)}`,
      '--root-dir=/var/lib/kubelet',
      `--cert-dir=${path.join(node.folder, 'kubelet-certificates')}`,
      `--hostname-override=${node.name}`,
      `--node-ip=${node.address}`,
    ],
    restarts: true,
  })
}

/** Returns when a pod that no policy was applied to yet is refused, which is the last thing the enforcer sets up. */
async function startNetworking(joining: Joining): Promise<void> {
  const { node, plane, state, kubernetes, networkPolicy, files } = joining
  await run(joining, {
    name: 'kube-proxy',
    program: kubernetes,
    args: ['kube-proxy', `--config=${files.proxy}`],
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
