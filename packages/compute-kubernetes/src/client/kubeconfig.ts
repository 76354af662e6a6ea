import path from 'node:path'
// Its whole index loads every model of the API: 26 MB of heap and two seconds, for which we have no use.
import {
  type Cluster,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from '@kubernetes/client-node/dist/config_types.js'
import { parse } from 'yaml'

/** A value that stands in the kubeconfig, or in a file that it names. */
export type FileOrText = { readonly file: string } | { readonly text: string } | null

export type ExecPlugin = {
  readonly apiVersion: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly providesClusterInfo: boolean
}

/** Where a cluster is and how to prove who we are: one context of a kubeconfig. */
export type ClusterAccess = {
  readonly server: string
  readonly ca: FileOrText
  readonly isInsecure: boolean
  readonly serverName: string | null
  readonly clientCertificate: FileOrText
  readonly clientKey: FileOrText
  readonly token: FileOrText
  readonly basic: { readonly username: string; readonly password: string } | null
  readonly exec: ExecPlugin | null
  readonly impersonate: { readonly user: string; readonly groups: readonly string[] } | null
}

type Json = Record<string, unknown>

/**
 * Reads a kubeconfig by the client library's parser, as kubectl does (the parts of it that a service needs; no file is opened
 * here). The library knows neither `tokenFile` nor `as-groups`: those two are read beside it.
 * @throws Error that names the entry at fault and never holds a value of it.
 */
export async function readKubeconfig(
  text: string,
  folder: string,
  context?: string,
): Promise<ClusterAccess> {
  const config = load(text)
  const contextName = context ?? (config.currentContext || null)
  if (contextName === null)
    throw new Error('the kubeconfig has no current-context: name one in the settings')
  const chosen = present(config.contexts, 'contexts', contextName)
  const cluster = present(config.clusters, 'clusters', chosen.cluster)
  const user = present(config.users, 'users', chosen.user)
  refuseUnsupported(cluster, user)
  const unread = unreadParts(text, user.name)
  return {
    server: cluster.server,
    ca: fileOrText(folder, cluster.caFile, cluster.caData),
    isInsecure: cluster.skipTLSVerify === true,
    serverName: cluster.tlsServerName ?? null,
    clientCertificate: fileOrText(folder, user.certFile, user.certData),
    clientKey: fileOrText(folder, user.keyFile, user.keyData),
    token: tokenOf(user, unread.tokenFile, folder),
    basic: user.username ? { username: user.username, password: user.password ?? '' } : null,
    exec: user.exec ? execOf(user.exec as Json, folder) : null,
    impersonate: user.impersonateUser
      ? { user: user.impersonateUser, groups: unread.groups }
      : null,
  }
}

/** The service account of the pod we run in. */
export function accessFromPod(folder: string): ClusterAccess {
  return {
    server: 'https://kubernetes.default.svc',
    ca: { file: path.join(folder, 'ca.crt') },
    isInsecure: false,
    serverName: null,
    clientCertificate: null,
    clientKey: null,
    token: { file: path.join(folder, 'token') },
    basic: null,
    exec: null,
    impersonate: null,
  }
}

function load(text: string) {
  try {
    const parsed = parse(text)
    return {
      clusters: newClusters(parsed.clusters),
      contexts: newContexts(parsed.contexts),
      users: newUsers(parsed.users),
      currentContext: stringOf(parsed['current-context']),
    }
  } catch {
    // The library's message may quote the file, which holds keys.
    throw new Error('the kubeconfig is not valid YAML, or an entry of it lacks its name or server')
  }
}

function present<T extends { readonly name: string }>(
  entries: readonly T[],
  list: string,
  name: string,
): T {
  const found = entries.find((entry) => entry.name === name)
  if (found === undefined) throw new Error(`the kubeconfig has no entry ${name} in ${list}`)
  return found
}

function refuseUnsupported(cluster: Cluster, user: User): void {
  if (cluster.proxyUrl)
    throw new Error('proxy-url in a kubeconfig is not supported: connect without a proxy')
  if (user.authProvider)
    throw new Error('auth-provider in a kubeconfig is not supported: use an exec plugin or a token')
}

/** What the library leaves out of a user's entry. */
function unreadParts(
  text: string,
  userName: string,
): { readonly tokenFile: string | null; readonly groups: readonly string[] } {
  const { users } = parse(text) as { readonly users?: readonly { name: string; user?: Json }[] }
  const user = users?.find(({ name }) => name === userName)?.user ?? {}
  return { tokenFile: stringOf(user.tokenFile), groups: stringsOf(user['as-groups']) }
}

/** Data in base64 wins over a file, as in kubectl. */
function fileOrText(
  folder: string,
  file: string | undefined,
  data: string | undefined,
): FileOrText {
  if (data) return { text: Buffer.from(data, 'base64').toString('utf8') }
  return file ? { file: path.resolve(folder, file) } : null
}

/** A file wins over a value beside it: it is what rotates. */
function tokenOf({ token }: User, tokenFile: string | null, folder: string): FileOrText {
  if (tokenFile !== null) return { file: path.resolve(folder, tokenFile) }
  return token ? { text: token } : null
}

function execOf(exec: Json, folder: string): ExecPlugin {
  const command = requireString(exec.command, 'exec.command')
  const env = Array.isArray(exec.env) ? (exec.env as Json[]) : []
  return {
    apiVersion: stringOf(exec.apiVersion) ?? 'client.authentication.k8s.io/v1',
    // As kubectl: a path with a slash is relative to the kubeconfig, a bare name is looked up in PATH.
    command: command.includes('/') ? path.resolve(folder, command) : command,
    args: stringsOf(exec.args),
    env: env.map(({ name, value }) => ({ name: String(name), value: String(value ?? '') })),
    providesClusterInfo: exec.provideClusterInfo === true,
  }
}

function stringOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function requireString(value: unknown, where: string): string {
  const text = stringOf(value)
  if (text === null) throw new Error(`the kubeconfig has no ${where}`)
  return text
}
