import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { NodeAccess } from '../cluster-context.ts'
import { pauseImage } from '../images/base-images.ts'

export type NodeSettings = {
  readonly node: NodeAccess
  readonly cgroup: string
  /** The folder of the cluster's certificates. */
  readonly certificates: string
  readonly podCidr: string
  readonly dnsAddress: string
}

export type NodeFiles = {
  readonly containerd: string
  readonly kubelet: string
  readonly proxy: string
}

/** Writes what the node's programs read, and returns where. */
export async function writeNodeFiles(settings: NodeSettings): Promise<NodeFiles> {
  const { folder } = settings.node
  const file = (name: string) => path.join(folder, name)
  await mkdir(file('network'), { recursive: true })
  await writeFile(file('resolv.conf'), `nameserver ${settings.dnsAddress}\noptions ndots:1\n`)
  await writeFile(file('containerd.toml'), containerdSettings(folder))
  await writeFile(file('kubelet.json'), JSON.stringify(kubeletSettings(settings), null, 2))
  await writeFile(file('kube-proxy.json'), JSON.stringify(proxySettings(settings), null, 2))
  return {
    containerd: file('containerd.toml'),
    kubelet: file('kubelet.json'),
    proxy: file('kube-proxy.json'),
  }
}

/** The network appears to containerd once the node's range is known: until then the node is not ready. */
export async function writePodNetwork(folder: string, podCidr: string): Promise<void> {
  const network = {
    cniVersion: '0.4.0',
    name: 'leasehold',
    plugins: [
      {
        type: 'bridge',
        bridge: 'pods',
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: '/run/cni',
          ranges: [[{ subnet: podCidr }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: false },
    ],
  }
  await writeFile(path.join(folder, 'network', '10-pods.conflist'), JSON.stringify(network))
}

const unusedPlugins = [
  ...['snapshotter.v1.aufs', 'snapshotter.v1.btrfs', 'snapshotter.v1.devmapper'],
  ...['snapshotter.v1.zfs', 'internal.v1.opt', 'tracing.processor.v1.otlp', 'internal.v1.tracing'],
]

/** `restrict_oom_score_adj`: without CAP_SYS_RESOURCE the sandbox may not protect itself. JSON strings are TOML strings. */
function containerdSettings(folder: string): string {
  return `version = 2
root = ${JSON.stringify(path.join(folder, 'containerd'))}
oom_score = 0
disabled_plugins = ${JSON.stringify(unusedPlugins.map((name) => `io.containerd.${name}`))}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = ${JSON.stringify(path.join(folder, 'network'))}
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = "/usr/sbin/runc"
`
}

function kubeletSettings({ node, cgroup, certificates, dnsAddress }: NodeSettings): object {
  const certificate = (name: string) => path.join(certificates, name)
  return {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    address: node.address,
    readOnlyPort: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: certificate('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: certificate(`kubelet-server-${node.name}.crt`),
    tlsPrivateKeyFile: certificate(`kubelet-server-${node.name}.key`),
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    seccompDefault: true,
    clusterDomain: 'cluster.local',
    clusterDNS: [dnsAddress],
    resolvConf: path.join(node.folder, 'resolv.conf'),
    podLogsDir: path.join(node.folder, 'pod-logs'),
    volumePluginDir: path.join(node.folder, 'volume-plugins'),
    makeIPTablesUtilChains: false,
    // One processor is always shared; whole ones beyond it can be had by one container alone.
    cpuManagerPolicy: 'static',
    kubeReserved: { cpu: '100m' },
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
    },
    // No registry: an image that was removed to make space could not be had again.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    imageMaximumGCAge: '0s',
    nodeStatusUpdateFrequency: '5s',
    nodeStatusReportFrequency: '1m',
    syncFrequency: '10s',
    eventRecordQPS: 0,
    logging: { verbosity: 2 },
  }
}

/** Connection tracking is the host's to size. */
function proxySettings({ node, certificates, podCidr }: NodeSettings): object {
  return {
    kind: 'KubeProxyConfiguration',
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    clientConnection: { kubeconfig: path.join(certificates, 'kube-proxy.kubeconfig') },
    mode: 'iptables',
    clusterCIDR: podCidr,
    hostnameOverride: node.name,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    conntrack: {
      maxPerCore: 0,
      min: 0,
      tcpEstablishedTimeout: '0s',
      tcpCloseWaitTimeout: '0s',
    },
  }
}
