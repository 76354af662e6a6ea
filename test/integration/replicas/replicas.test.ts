import type { JupyterLink, Lease, Task } from '@leasehold/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from '../../../apps/gateway/test/http-client.ts'
import { type ApiClient, makeApiClient } from '../../../scripts/client/api-client.ts'
import { readEventStream } from '../../../scripts/client/event-stream.ts'
import { signIn } from '../../../scripts/client/sign-in.ts'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { newPublicKey } from '../../acceptance/support/ssh-keys.ts'
import { startPaperAgents } from '../../crash/support/paper-agents.ts'
import { openReplicas, type Replicas } from './open-replicas.ts'

const patience = { withinMs: 60_000, everyMs: 100 }

describe('two APIs, two workers and two gateways on one database', () => {
  let replicas: Replicas
  let clients: readonly [ApiClient, ApiClient]
  const machine = { machineType: 'tiny', sshPublicKeys: [newPublicKey()] }

  beforeAll(async () => {
    replicas = await openReplicas()
    const { apis, issuer, operatorUrl } = replicas
    const person = await signIn(issuer, 'mia', () => {})
    clients = [makeApiClient(apis[0].url, person.token), makeApiClient(apis[1].url, person.token)]
    const operator = makeApiClient(operatorUrl, (await signIn(issuer, 'oscar', () => {})).token)
    const cpu = { sockets: 1, cores: 1, threads: 1, model: 'max' }
    const shape = { cpu, memoryMiB: 1_024, disks: [{ role: 'system', sizeGiB: 4 }], gpus: [] }
    const offer = { pools: ['local'], images: ['debian-12'], pricePerHourMicros: 1_000 }
    const json = { description: 'Small.', ...shape, ...offer }
    await operator.send('PUT', '/v1/machine-types/tiny', { json })
  }, 180_000)
  afterAll(() => replicas?.close())

  const reach = (client: ApiClient, id: string, state: Lease['state']) =>
    waitFor(
      `${id} ${state}`,
      () => client.get<Lease>(`/v1/leases/${id}`),
      (lease) => lease.state === state,
      patience,
    )
  const readyLease = async (client: ApiClient) => {
    const { id } = await client.send<Lease>('POST', '/v1/leases', { json: machine })
    await reach(client, id, 'ready')
    return id
  }

  it('give one answer to one idempotency key, wherever it is sent and at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      const headers = { 'idempotency-key': `both-${round}` }
      const ask = (client: ApiClient) =>
        client.call('POST', '/v1/leases', { json: machine, headers })

      const [one, other] = await Promise.all(clients.map(ask))
      const again = await ask(clients[round % 2] as ApiClient)

      expect([one?.status, other?.status, again.status]).toEqual([202, 202, 202])
      expect(other?.text).toBe(one?.text)
      expect(again.text).toBe(one?.text)
      const { id } = JSON.parse(again.text) as Lease
      await clients[0].send('DELETE', `/v1/leases/${id}`)
      await reach(clients[1], id, 'released')
    }
    const { items } = await clients[0].get<{ items: Lease[] }>('/v1/leases?limit=50')
    expect(items).toHaveLength(5)
  })

  it('carry a lease that is asked for here and given back there, and make its machine once', async () => {
    const id = await readyLease(clients[0])

    await clients[1].send('DELETE', `/v1/leases/${id}`)
    await reach(clients[0], id, 'released')

    expect(replicas.place.doubles).toEqual([])
    expect(replicas.place.machines.running()).toEqual([])
  })

  it('take a Jupyter code at the gateway that it does not name, once, and its cookie at both', async () => {
    const id = await readyLease(clients[0])
    const { url } = await clients[1].send<JupyterLink>('POST', `/v1/leases/${id}/jupyter-link`)
    const { host, pathname } = new URL(url)
    const [named, other] = replicas.gateways

    const opened = await send(other.port, host, pathname)
    const spent = await send(named.port, host, pathname)
    const cookie = opened.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    const seen = await Promise.all(
      [named, other].map(({ port }) => send(port, host, '/api/status', { headers: { cookie } })),
    )

    expect(opened.status).toBe(303)
    expect(spent.status).toBeGreaterThanOrEqual(400)
    expect(seen.map(({ status, body }) => [status, body])).toEqual(
      Array(2).fill([200, 'GET /api/status']),
    )
    await clients[0].send('DELETE', `/v1/leases/${id}`)
  })

  it('go on with a log at the other API, from where its reader was', async () => {
    const gate = Promise.withResolvers<void>()
    const agents = startPaperAgents(
      replicas.place,
      () => replicas.apis[1].runUrl,
      () => gate.promise,
    )
    try {
      const json = { script: 'print("hello")' }
      const { id } = await clients[0].send<Task>('POST', '/v1/tasks', { json })
      const path = `/v1/tasks/${id}/log/stream`

      const first = await eventsOf(clients[0], path, null, 1)
      gate.resolve()
      const rest = await eventsOf(clients[1], path, first[0]?.id ?? null)

      expect(first[0]?.data).toContain(`hello from ${id}`)
      expect(rest.map(({ name }) => name)).toEqual(['end'])
    } finally {
      gate.resolve()
      await agents.stop()
    }
  })

  it('work on when one of each is killed', async () => {
    const { apis, workers, gateways } = replicas
    await Promise.all([apis[0].kill(), workers[0].kill(), gateways[0].kill()])

    const ids = [await readyLease(clients[1]), await readyLease(clients[1])]
    const link = await clients[1].send<JupyterLink>('POST', `/v1/leases/${ids[0]}/jupyter-link`)
    const { host, pathname } = new URL(link.url)
    const opened = await send(gateways[1].port, host, pathname)
    for (const id of ids) await clients[1].send('DELETE', `/v1/leases/${id}`)
    for (const id of ids) await reach(clients[1], id, 'released')

    expect(opened.status).toBe(303)
    expect(replicas.place.doubles).toEqual([])
  })

  /** The first `most` events of a stream, or all of it. */
  async function eventsOf(client: ApiClient, path: string, after: string | null, most = 1_000) {
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(patience.withinMs)])
    const headers = await client.authorization()
    const found = []
    try {
      for await (const event of readEventStream(client.baseUrl + path, headers, after, signal)) {
        found.push(event)
        if (found.length >= most) break
      }
    } finally {
      over.abort()
    }
    return found
  }
})
