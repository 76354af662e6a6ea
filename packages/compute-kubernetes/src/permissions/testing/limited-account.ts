import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { parse, stringify } from 'yaml'
import { collectionPath, objectPath, withQuery } from '../../client/api-paths.ts'
import { apiVersionOf, kinds } from '../../client/kinds.ts'
import type { KubeClient } from '../../client/kube-client.ts'
import type { Asked } from './recording-client.ts'

type Kubeconfig = {
  readonly clusters: readonly {
    readonly name: string
    readonly cluster: { readonly server: string } & Readonly<Record<string, string>>
  }[]
}

export type LimitedAccount = {
  /** A kubeconfig with the rights of the service account and no others. */
  readonly kubeconfig: string
  /** Asks the same again, without changing anything; the HTTP status. */
  ask(asked: Asked): Promise<number>
  close(): Promise<void>
}

/** A token of a service account, for an hour. */
export async function openLimitedAccount(
  admin: KubeClient,
  adminKubeconfig: string,
  account: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<LimitedAccount> {
  const answer = await admin.subresource(
    { kind: kinds.serviceAccounts, ...account },
    'token',
    'POST',
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3_600 },
    },
    signal,
  )
  const { token } = (answer as { status: { token: string } }).status
  const { clusters } = parse(await readFile(adminKubeconfig, 'utf8')) as Kubeconfig
  const cluster = clusters[0]
  if (cluster === undefined) throw new Error(`${adminKubeconfig} names no cluster`)
  const folder = await mkdtemp(join(tmpdir(), 'leasehold-account-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [cluster],
    users: [{ name: 'limited', user: { token } }],
    contexts: [{ name: 'limited', context: { cluster: cluster.name, user: 'limited' } }],
    'current-context': 'limited',
  }
  await writeFile(kubeconfig, stringify(config), { mode: 0o600 })
  const dispatcher = new Agent({ connect: { ca: await authorityOf(cluster.cluster) } })
  return {
    kubeconfig,
    async ask(asked) {
      const { method, path, body } = requestFor(asked)
      const { statusCode, body: response } = await request(`${cluster.cluster.server}${path}`, {
        method,
        dispatcher,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        },
        body: body === null ? null : JSON.stringify(body),
      })
      // A watch would go on.
      response.on('error', () => {}).destroy()
      return statusCode
    },
    async close() {
      await dispatcher.close()
      await rm(folder, { recursive: true })
    },
  }
}

function requestFor(asked: Asked): {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body: object | null
} {
  const { verb, kind, group, resource, namespace, name } = asked
  const place = namespace === null ? {} : { namespace }
  const part = resource.includes('/') ? (resource.split('/')[1] ?? null) : null
  const served = group === kind.group ? kind : { ...kind, ...kind.actions }
  const many = collectionPath(served, namespace ?? undefined)
  const one = () => objectPath({ kind: served, name: name ?? '', ...place }, part)
  const rehearsal = { dryRun: 'All' }
  switch (verb) {
    case 'get':
      return { method: 'GET', path: part === 'portforward' ? `${one()}/22` : one(), body: null }
    case 'list':
      return { method: 'GET', path: withQuery(many, { limit: 1 }), body: null }
    case 'watch':
      return {
        method: 'GET',
        path: withQuery(many, { watch: true }),
        body: null,
      }
    case 'patch':
      return { method: 'PATCH', path: withQuery(one(), rehearsal), body: {} }
    case 'delete':
      return { method: 'DELETE', path: withQuery(one(), rehearsal), body: null }
    case 'update':
      return { method: 'PUT', path: withQuery(one(), rehearsal), body: {} }
    case 'create':
    case 'bind':
      return {
        method: 'POST',
        path: withQuery(many, rehearsal),
        body: { apiVersion: apiVersionOf(kind), kind: kind.kind, ...renamed(asked.body) },
      }
  }
}

/** A name that is not taken: what exists is refused as such before anything else is looked at. */
function renamed(body: Asked['body']): object {
  if (body === null) return {}
  return { ...body, metadata: { ...body.metadata, name: `${body.metadata.name}-again` } }
}

async function authorityOf(cluster: Readonly<Record<string, string>>): Promise<string | Buffer> {
  const data = cluster['certificate-authority-data']
  if (data !== undefined) return Buffer.from(data, 'base64')
  return readFile(cluster['certificate-authority'] ?? '', 'utf8')
}
