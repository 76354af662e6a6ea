import path from 'node:path'
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
 * Reads a kubeconfig as kubectl does (the parts of it that a service needs; no file is opened here).
 * @throws Error that names the entry at fault and never holds a value of it.
 */
export function readKubeconfig(text: string, folder: string, context?: string): ClusterAccess {
  const root = parseYaml(text)
  const contextName = context ?? stringOf(root['current-context'])
  if (contextName === null)
    throw new Error('the kubeconfig has no current-context: name one in the settings')
  const chosen = named(root, 'contexts', 'context', contextName)
  const cluster = named(root, 'clusters', 'cluster', requireString(chosen.cluster, 'cluster'))
  const user = named(root, 'users', 'user', requireString(chosen.user, 'user'))
  if (cluster['proxy-url'] !== undefined)
    throw new Error('proxy-url in a kubeconfig is not supported: connect without a proxy')
  if (user['auth-provider'] !== undefined)
    throw new Error('auth-provider in a kubeconfig is not supported: use an exec plugin or a token')

  return {
    server: requireString(cluster.server, `clusters.${chosen.cluster}.server`),
    ca: pemOf(cluster, 'certificate-authority', folder),
    isInsecure: cluster['insecure-skip-tls-verify'] === true,
    serverName: stringOf(cluster['tls-server-name']),
    clientCertificate: pemOf(user, 'client-certificate', folder),
    clientKey: pemOf(user, 'client-key', folder),
    token: tokenOf(user, folder),
    basic: basicOf(user),
    exec: user.exec === undefined ? null : execOf(user.exec as Json, folder),
    impersonate:
      stringOf(user.as) === null
        ? null
        : { user: String(user.as), groups: stringsOf(user['as-groups']) },
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

function parseYaml(text: string): Json {
  let root: unknown
  try {
    root = parse(text, { maxAliasCount: 0 })
  } catch {
    // The parser's message quotes the file, which holds keys.
    throw new Error('the kubeconfig is not valid YAML')
  }
  if (typeof root !== 'object' || root === null) throw new Error('the kubeconfig is empty')
  return root as Json
}

function named(root: Json, list: string, key: string, name: string): Json {
  const entries = Array.isArray(root[list]) ? (root[list] as Json[]) : []
  const found = entries.find((entry) => entry.name === name)?.[key]
  if (typeof found !== 'object' || found === null)
    throw new Error(`the kubeconfig has no entry ${name} in ${list}`)
  return found as Json
}

/** `<key>-data` holds it in base64 and wins; `<key>` names a file. */
function pemOf(from: Json, key: string, folder: string): FileOrText {
  const data = stringOf(from[`${key}-data`])
  if (data !== null) return { text: Buffer.from(data, 'base64').toString('utf8') }
  const file = stringOf(from[key])
  return file === null ? null : { file: path.resolve(folder, file) }
}

/** A file wins over a value beside it: it is what rotates. */
function tokenOf(user: Json, folder: string): FileOrText {
  const file = stringOf(user.tokenFile)
  if (file !== null) return { file: path.resolve(folder, file) }
  const text = stringOf(user.token)
  return text === null ? null : { text }
}

function basicOf(user: Json): ClusterAccess['basic'] {
  const username = stringOf(user.username)
  return username === null ? null : { username, password: stringOf(user.password) ?? '' }
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
