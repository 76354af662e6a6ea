import { taskImage } from '@leasehold/dev-cluster'

/** Says `served`, by HTTP on all addresses, on each of the ports. */
const server = `
import sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
class Served(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'served')
print('ready', flush=True)
threads = [threading.Thread(target=HTTPServer(('', int(port)), Served).serve_forever) for port in sys.argv[1:]]
for thread in threads: thread.start()
`

/** Opens a connection to each `address:port` and prints `open`, or how it was refused, one line each. */
const prober = (targets: readonly string[]) => `
import socket
for target in ${JSON.stringify(targets)}:
    host, port = target.rsplit(':', 1)
    try:
        socket.create_connection((host, int(port)), timeout=4).close(); print('open')
    except ConnectionRefusedError: print('refused')
    except OSError as error: print(type(error).__name__)
`

export type PodOptions = {
  readonly labels?: Readonly<Record<string, string>>
  readonly node?: string
  readonly ports?: readonly number[]
  readonly cpu?: string
}

/** A pod that serves on the ports until it is removed. */
export function servingPod(
  name: string,
  { labels = {}, node, ports = [8080], cpu = '50m' }: PodOptions = {},
): object {
  const amounts = { cpu, memory: '64Mi' }
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name, labels: { app: name, ...labels } },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      ...(node === undefined ? {} : { nodeName: node }),
      containers: [
        {
          name: 'server',
          image: taskImage,
          imagePullPolicy: 'Never',
          command: ['python3', '-c', server, ...ports.map(String)],
          resources: { requests: amounts, limits: amounts },
          readinessProbe: { tcpSocket: { port: ports[0] }, periodSeconds: 1 },
        },
      ],
    },
  }
}

type Pods = {
  python(pod: string, program: string): Promise<string>
}

/** What a pod finds when it opens a connection to each `address:port`. */
export async function probe(
  pods: Pods,
  pod: string,
  targets: readonly string[],
): Promise<readonly string[]> {
  return (await pods.python(pod, prober(targets))).trim().split('\n')
}
