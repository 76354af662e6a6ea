import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'

/** How the administrator reaches the API server: PEM texts. */
export type Credentials = {
  readonly url: string
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

type Named<Key extends string, T> = { readonly name: string } & { readonly [K in Key]: T }
type Kubeconfig = {
  readonly 'current-context': string
  readonly clusters: readonly Named<'cluster', Readonly<Record<string, string>>>[]
  readonly users: readonly Named<'user', Readonly<Record<string, string>>>[]
  readonly contexts: readonly Named<
    'context',
    { readonly cluster: string; readonly user: string }
  >[]
}

/** Reads a kubeconfig whose user has a client certificate, in the file or beside it. */
export async function readKubeconfig(file: string): Promise<Credentials> {
  const config = parse(await readFile(file, 'utf8')) as Kubeconfig
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster
  const user = config.users.find(({ name }) => name === context?.user)?.user
  const url = cluster?.server
  if (cluster === undefined || user === undefined || url === undefined)
    throw new Error(`${file} names no cluster and user for its current context.`)
  const pem = async (fields: Readonly<Record<string, string>>, name: string) => {
    const data = fields[`${name}-data`]
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8')
    const place = fields[name]
    if (place === undefined) throw new Error(`${file} has no ${name}: the dev cluster's has one.`)
    return await readFile(path.resolve(path.dirname(file), place), 'utf8')
  }
  return {
    url,
    authority: await pem(cluster, 'certificate-authority'),
    certificate: await pem(user, 'client-certificate'),
    key: await pem(user, 'client-key'),
  }
}
