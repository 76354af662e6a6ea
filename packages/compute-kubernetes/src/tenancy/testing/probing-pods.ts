import { expect, vi } from 'vitest'
import { kinds } from '../../client/kinds.ts'
import type { KubeClient } from '../../client/kube-client.ts'
import type { KubeObject } from '../../client/kube-object.ts'

type Pod = KubeObject & {
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
  }
}

export type PodPlace = {
  readonly namespace: string
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
}

/** `10.0.0.1:22`, or `dns:<name>`. */
export type Target = string

const soon = { timeout: 180_000, interval: 200 }

/** Listens on ports until it is told to stop, and says hello to whoever connects. */
const server = `
import socket, sys, threading
def serve(listener):
    while True:
        peer, _ = listener.accept()
        peer.sendall(b'hello')
        peer.close()
for port in sys.argv[1:]:
    threading.Thread(target=serve, args=(socket.create_server(('', int(port))),), daemon=True).start()
print('listening', flush=True)
threading.Event().wait()
`

/** Gives the node's loopback further addresses, as a cloud and the internet have them, and listens there. */
const outside = `
import fcntl, signal, socket, struct, sys
def address(command, alias, text):
    family = struct.pack('16sH2s4s8s', alias.encode(), socket.AF_INET, bytes(2), socket.inet_aton(text), bytes(8))
    fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), command, family)
for number, text in enumerate(sorted({pair.split(':')[0] for pair in sys.argv[1:]})):
    address(0x8916, f'lo:out{number}', text)
    address(0x891c, f'lo:out{number}', '255.255.255.255')
listeners = [socket.create_server((pair.split(':')[0], int(pair.split(':')[1]))) for pair in sys.argv[1:]]
print('listening', flush=True)
signal.sigwait({signal.SIGTERM})
`

/** Tries to connect to each target and prints what came of it. */
const probe = `
import concurrent.futures, json, socket, sys
def try_one(target):
    host, _, port = target.rpartition(':')
    try:
        if target.startswith('dns:'):
            socket.getaddrinfo(target[4:], 443)
        else:
            socket.create_connection((host, int(port)), timeout=3).close()
        return 'open'
    except OSError:
        return 'closed'
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    print(json.dumps(dict(zip(sys.argv[1:], pool.map(try_one, sys.argv[1:])))))
`

/** Pods that listen and pods that try to connect, made of an image with Python that the nodes have. */
export function makeProbingPods(client: KubeClient, image: string, signal: AbortSignal) {
  let count = 0
  const create = (
    place: PodPlace,
    script: string,
    args: readonly string[],
    spec: object = {},
    capabilities: object = {},
  ) =>
    client.create(
      kinds.pods,
      {
        metadata: { ...place, labels: { ...place.labels } },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 1,
          automountServiceAccountToken: false,
          containers: [
            {
              name: 'c',
              image,
              imagePullPolicy: 'Never',
              command: ['python3', '-c', script, ...args],
              resources: { requests: smallest, limits: smallest },
              securityContext: { capabilities },
            },
          ],
          ...spec,
        },
      },
      signal,
    )
  const read = ({ namespace, name }: PodPlace) =>
    client.get<Pod>({ kind: kinds.pods, namespace, name }, signal)
  const readLog = async ({ namespace, name }: PodPlace) => {
    let text = ''
    const ref = { kind: kinds.pods, namespace, name }
    for await (const chunk of await client.podLog(ref, {}, signal)) text += chunk
    return text
  }
  const isListening = (place: PodPlace) =>
    vi.waitFor(async () => expect(await readLog(place)).toContain('listening'), soon)

  return {
    /** Starts a pod that listens; its address when it runs. */
    async serve(place: PodPlace, ports: readonly number[]): Promise<string> {
      await create(place, server, ports.map(String))
      await isListening(place)
      return (await read(place))?.status?.podIP ?? ''
    },
    /** Listens on further addresses of the node itself. */
    async serveOutside(place: PodPlace, listeners: readonly Target[]): Promise<void> {
      await create(place, outside, listeners, { hostNetwork: true }, { add: ['NET_ADMIN'] })
      await isListening(place)
    },
    /** What a pod of this place gets from each target. */
    async probe(
      place: Omit<PodPlace, 'name'>,
      targets: readonly Target[],
    ): Promise<Record<Target, string>> {
      count += 1
      const pod = { ...place, name: `probe-${count}` }
      await create(pod, probe, targets)
      await vi.waitFor(async () => expect((await read(pod))?.status?.phase).toBe('Succeeded'), soon)
      const ref = { kind: kinds.pods, namespace: pod.namespace, name: pod.name }
      const text = await readLog(pod)
      await client.delete(ref, signal, { gracePeriodSeconds: 0 })
      return JSON.parse(text)
    },
  }
}

const smallest = { cpu: '20m', memory: '48Mi' }
