import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Log } from '@leasehold/application'
import { type PluginCredential, runExecPlugin } from './exec-plugin.ts'
import type { KubeTime } from './kube-time.ts'
import { accessFromPod, type ClusterAccess, type FileOrText, readKubeconfig } from './kubeconfig.ts'

export type TlsSettings = {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  readonly rejectUnauthorized: boolean
}

/** Everything a connection and a request need, as of now. */
export type Credentials = {
  /** Origin and path prefix, without a slash at the end. */
  readonly origin: string
  readonly basePath: string
  /** Null for plain HTTP, which is allowed to this very machine only. */
  readonly tls: TlsSettings | null
  readonly headers: Readonly<Record<string, string>>
  /** Texts that must not show up anywhere. */
  readonly secrets: readonly string[]
}

export type CredentialSource = {
  current(): Promise<Credentials>
  /** The server did not accept them: read and ask for everything again at the next request. */
  renew(): void
}

export type CredentialSettings = {
  readonly kubeconfig: { readonly file: string; readonly context?: string } | null
  readonly log: Log
  readonly time: KubeTime
  readonly serviceAccountFolder?: string
}

/** Tokens and certificates are changed on disk while we run; this is how late we may notice. */
const lookEveryMs = 10_000
/** A server that refuses everything makes us read no more often than this. */
const pauseMs = 1_000
/** A plugin's credential is replaced so long before it ends. */
const earlyMs = 60_000

/**
 * Loads credentials, and loads them again when a file of theirs changed, when a plugin's are about to end, or when
 * the server refused them. While new ones cannot be read the old ones serve.
 */
export async function openCredentials(settings: CredentialSettings): Promise<CredentialSource> {
  const { log, time } = settings
  let known = await load(settings, null)
  let lookedAt = time.now()
  let isRefused = false
  let loading: Promise<void> | null = null

  const refresh = async () => {
    const mayKeepPlugin = !isRefused
    isRefused = false
    try {
      const marks = await marksOf(known.files)
      const isOld = marks !== known.marks || !mayKeepPlugin || endsSoon(known.plugin, time.now())
      if (isOld) known = await load(settings, mayKeepPlugin ? known.plugin : null)
    } catch (error) {
      log.warn({ err: error }, 'kubernetes credentials could not be read again; using the old ones')
    }
    lookedAt = time.now()
  }
  return {
    async current() {
      const age = time.now() - lookedAt
      const isOver = (known.plugin?.expiresAt ?? Number.POSITIVE_INFINITY) <= time.now()
      if (age >= lookEveryMs || (age >= pauseMs && (isRefused || isOver))) {
        loading ??= refresh().finally(() => {
          loading = null
        })
        await loading
      }
      return known.credentials
    },
    renew() {
      isRefused = true
    },
  }
}

type Loaded = {
  readonly credentials: Credentials
  readonly plugin: PluginCredential | null
  readonly files: readonly string[]
  /** What told the files apart from later ones. */
  readonly marks: string
}

async function load(
  { kubeconfig, time, serviceAccountFolder }: CredentialSettings,
  before: PluginCredential | null,
): Promise<Loaded> {
  const access =
    kubeconfig === null
      ? accessFromPod(serviceAccountFolder ?? '/var/run/secrets/kubernetes.io/serviceaccount')
      : await readKubeconfig(
          await readText(kubeconfig.file),
          path.dirname(path.resolve(kubeconfig.file)),
          kubeconfig.context,
        )
  const { ca, clientCertificate, clientKey, token, exec } = access
  const files = [
    ...(kubeconfig === null ? [] : [kubeconfig.file]),
    ...[ca, clientCertificate, clientKey, token].flatMap((one) =>
      one !== null && 'file' in one ? [one.file] : [],
    ),
  ]
  // Before the files are read: what changes meanwhile is then noticed the next time.
  const marks = await marksOf(files)
  const isUsable = before !== null && !endsSoon(before, time.now())
  const plugin = exec === null ? null : isUsable ? before : await runExecPlugin(exec, access.server)
  return { credentials: await toCredentials(access, plugin), plugin, files, marks }
}

async function toCredentials(
  access: ClusterAccess,
  plugin: PluginCredential | null,
): Promise<Credentials> {
  const server = new URL(access.server)
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(server.hostname)
  if (server.protocol !== 'https:' && !(server.protocol === 'http:' && isLocal))
    throw new Error('the API server in the kubeconfig must be https: credentials travel with it')
  const token = plugin?.token ?? (await textOf(access.token))?.trim() ?? null
  const authorization = authorizationOf(token, access)
  const key = plugin?.clientKey ?? (await textOf(access.clientKey))
  return {
    origin: server.origin,
    basePath: server.pathname.replace(/\/+$/, ''),
    tls: server.protocol === 'https:' ? await tlsOf(access, plugin, key) : null,
    headers: { ...(authorization === null ? {} : { authorization }), ...impersonation(access) },
    secrets: [token, access.basic?.password, key].filter((secret) => typeof secret === 'string'),
  }
}

async function tlsOf(
  access: ClusterAccess,
  plugin: PluginCredential | null,
  key: string | null,
): Promise<TlsSettings> {
  const ca = await textOf(access.ca)
  const cert = plugin?.clientCertificate ?? (await textOf(access.clientCertificate))
  return {
    rejectUnauthorized: !access.isInsecure,
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(access.serverName === null ? {} : { servername: access.serverName }),
  }
}

function authorizationOf(token: string | null, { basic }: ClusterAccess): string | null {
  if (token !== null && token !== '') return `Bearer ${token}`
  if (basic === null) return null
  return `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`
}

function impersonation({ impersonate }: ClusterAccess): Record<string, string> {
  if (impersonate === null) return {}
  if (impersonate.groups.length > 1)
    throw new Error('as-groups in a kubeconfig may name one group at most')
  const [group] = impersonate.groups
  return {
    'impersonate-user': impersonate.user,
    ...(group === undefined ? {} : { 'impersonate-group': group }),
  }
}

function endsSoon(plugin: PluginCredential | null, now: number): boolean {
  return plugin !== null && plugin.expiresAt !== null && plugin.expiresAt - earlyMs <= now
}

async function textOf(value: FileOrText): Promise<string | null> {
  if (value === null) return null
  return 'text' in value ? value.text : readText(value.file)
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(`cannot read ${file} (${code}): it is needed to reach the cluster`)
  }
}

async function marksOf(files: readonly string[]): Promise<string> {
  const marks = await Promise.all(
    files.map(async (file) => {
      const found = await stat(file).catch(() => null)
      return found === null ? 'absent' : `${found.ino} ${found.mtimeMs} ${found.size}`
    }),
  )
  return marks.join('\n')
}
