import { connect } from 'node:net'
import type { Lease, Me } from '@leasehold/contract'
import { taskImage } from '@leasehold/dev-cluster'
import { makeApiClient } from '../../client/api-client.ts'
import { signIn } from '../../client/sign-in.ts'
import type { DemoCluster } from '../kubernetes/demo-cluster.ts'
import type { Tell } from '../narrator.ts'
import type { Session, TourPlace } from '../session.ts'

/** Says `open`, or how it was refused, for each `address:port`. Runs in the renter's machine. */
const prober = `import socket, sys
for target in sys.argv[1:]:
    host, port = target.rsplit(':', 1)
    try:
        socket.create_connection((host, int(port)), timeout=5).close(); print(target, 'open')
    except OSError as error: print(target, 'refused:', type(error).__name__)
`
const server = `import socket, threading
def serve(port):
    listener = socket.create_server(('', port))
    while True: listener.accept()[0].close()
for port in (22, 8888): threading.Thread(target=serve, args=(port,)).start()
`

/**
 * Real packets: from the machine of one tenant nothing of another tenant's and nothing of the cluster answers; the
 * gateway, which runs on this computer, reaches what it must.
 */
export async function showIsolation(
  session: Session,
  { demo: { cluster }, runApi }: NonNullable<TourPlace>,
  lease: Lease,
  tell: Tell,
): Promise<void> {
  const namespace = await namespaceOfGlobex(session)
  const target = await serveIn(namespace, cluster, tell)
  try {
    const control = [22, 8_888].map((port) => `${target}:${port}`)
    for (const place of control) await requireOpenFromHere(place, tell)
    const ofService = ['get', 'service', 'kubernetes', '-o', 'jsonpath={.spec.clusterIP}']
    const kubernetes = (await cluster.kubectl(ofService)).trim()
    const closed = [
      ...control,
      `${kubernetes}:443`,
      `${cluster.nodeAddress}:10250`,
      '169.254.169.254:80',
    ]
    const answers = await probe(session, lease, [...closed, runApi])
    for (const line of answers) tell(`from acme’s machine: ${line}`)
    const isOpen = (line: string) => line.endsWith(' open')
    const wrong = answers.filter((line) => isOpen(line) !== line.startsWith(`${runApi} `))
    if (wrong.length > 0) throw new Error(`not as it should be: ${wrong.join('; ')}`)
  } finally {
    const removal = ['delete', 'pod', 'neighbour', '--wait=true', '--grace-period=1']
    await cluster.kubectl(['-n', namespace, ...removal])
  }
}

async function namespaceOfGlobex({ platform }: Session): Promise<string> {
  const gina = await signIn(platform.issuer, 'gina', () => {})
  const me = await makeApiClient(platform.api, gina.token).get<Me>('/v1/me')
  return `leasehold-${me.tenant.id.replace('_', '-')}`
}

/** A pod of globex that listens where a machine would; its policies are the same. Gives its address. */
async function serveIn(
  namespace: string,
  { kubectl }: DemoCluster['cluster'],
  tell: Tell,
): Promise<string> {
  const amounts = { cpu: '50m', memory: '64Mi' }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    // By this label the policies know a machine, which the gateway may reach.
    metadata: { name: 'neighbour', labels: { 'leasehold.dev/lease': 'neighbour' } },
    spec: {
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'server',
          image: taskImage,
          imagePullPolicy: 'Never',
          command: ['python3', '-c', server],
          resources: { requests: amounts, limits: amounts },
          readinessProbe: { tcpSocket: { port: 22 }, periodSeconds: 1 },
        },
      ],
    },
  }
  const within = (...args: string[]) => ['-n', namespace, ...args]
  await kubectl(within('apply', '-f', '-'), JSON.stringify(pod))
  await kubectl(within('wait', '--for=condition=Ready', 'pod/neighbour', '--timeout=90s'))
  const address = (
    await kubectl(within('get', 'pod', 'neighbour', '-o', 'jsonpath={.status.podIP}'))
  ).trim()
  tell(`a neighbour of tenant globex listens on ${address}, ports 22 and 8888`)
  return address
}

function requireOpenFromHere(place: string, tell: Tell): Promise<void> {
  const [host = '', port = ''] = place.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), timeout: 10_000 })
    socket.once('timeout', () => socket.destroy(new Error('it does not answer')))
    socket.on('error', (error) =>
      reject(new Error(`the gateway should reach ${place}: ${error.message}`)),
    )
    socket.once('connect', () => {
      tell(`from the gateway: ${place} open`)
      socket.destroy()
      resolve()
    })
  })
}

async function probe(
  { identity }: Session,
  lease: Lease,
  targets: readonly string[],
): Promise<readonly string[]> {
  const script = Buffer.from(prober).toString('base64')
  const remote = `echo ${script} | base64 -d > probe.py && python3 probe.py ${targets.join(' ')}`
  const result = await identity.run(lease.access.ssh?.command ?? '', remote, 120_000)
  if (result.code !== 0) throw new Error(`ssh ended with ${result.code}: ${result.stderr}`)
  return result.stdout.trim().split('\n')
}
