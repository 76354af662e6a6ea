import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { freePort, runCommand } from '@leasehold/dev-cluster'
import { type RunningProgram, runProgram } from '../../services/run-program.ts'
import { findProgram } from '../../services/service.ts'

const administrationFolders = ['/usr/sbin', '/sbin']
const suffix = 'dc=example,dc=com'
const readerDn = `cn=reader,${suffix}`
const readerPassword = 'reader-in-a-test'
const limitMs = 30_000

export type StartedLdap = {
  readonly url: string
  readonly usersDn: string
  readonly reader: { readonly dn: string; readonly password: string }
  stop(): Promise<void>
}

/** Null when Debian's OpenLDAP server can be started here, else why not. */
export async function findLdapPrerequisites(): Promise<string | null> {
  const found = await findProgram('slapd', administrationFolders)
  return found === null ? 'slapd is not installed (apt-get install slapd)' : null
}

/** OpenLDAP on loopback with one person, whose password is their name. */
export async function startLdap(folder: string, userName: string): Promise<StartedLdap> {
  const { signal } = new AbortController()
  await mkdir(path.join(folder, 'data'), { recursive: true, mode: 0o700 })
  const configuration = path.join(folder, 'slapd.conf')
  const entries = path.join(folder, 'entries.ldif')
  await writeFile(configuration, configurationIn(folder), { mode: 0o600 })
  await writeFile(entries, entriesWith(userName))
  const slapadd = (await findProgram('slapadd', administrationFolders)) ?? 'slapadd'
  const limits = { signal, timeoutMs: limitMs }
  await runCommand(slapadd, ['-f', configuration, '-l', entries], limits)
  const port = await freePort()
  const url = `ldap://127.0.0.1:${port}`
  const slapd = (await findProgram('slapd', administrationFolders)) ?? 'slapd'
  const running: RunningProgram = await runProgram({
    name: 'OpenLDAP',
    words: [slapd, '-f', configuration, '-h', url, '-d', '0'],
    logFile: path.join(folder, 'slapd.log'),
    isReady: () => isListening(port),
    readyWithinMs: limitMs,
    stopSignal: 'SIGTERM',
    signal,
  })
  const reader = { dn: readerDn, password: readerPassword }
  return { url, usersDn: `ou=people,${suffix}`, reader, stop: () => running.stop() }
}

function configurationIn(folder: string): string {
  return [
    ...['core', 'cosine', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`),
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    `pidfile ${path.join(folder, 'slapd.pid')}`,
    'database mdb',
    `suffix "${suffix}"`,
    `rootdn "${readerDn}"`,
    `rootpw ${readerPassword}`,
    `directory ${path.join(folder, 'data')}`,
    '',
  ].join('\n')
}

function entriesWith(userName: string): string {
  return [
    `dn: ${suffix}`,
    ...['objectClass: top', 'objectClass: dcObject', 'objectClass: organization'],
    ...['o: Example', 'dc: example', ''],
    `dn: ou=people,${suffix}`,
    ...['objectClass: organizationalUnit', 'ou: people', ''],
    `dn: uid=${userName},ou=people,${suffix}`,
    ...['objectClass: inetOrgPerson', `uid: ${userName}`, `cn: ${userName}`],
    ...['givenName: Linus', 'sn: Directory', `mail: ${userName}@example.com`],
    ...[`userPassword: ${userName}`, ''],
  ].join('\n')
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => socket.end(() => resolve(true)))
    socket.on('error', () => resolve(false))
  })
}
