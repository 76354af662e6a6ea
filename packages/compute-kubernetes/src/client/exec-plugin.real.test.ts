import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openCredentials } from './credentials.ts'
import { failureOf, kubeconfigText } from './testing/hostile-server.ts'
import { quickTime } from './testing/quick-time.ts'

const log = { info() {}, warn() {}, error() {} }

describe('a credential plugin', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'leasehold-plugin-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const open = async (script: string, env: object[] = []) => {
    await writeFile(path.join(folder, 'plugin'), `#!/bin/sh\n${script}\n`)
    await chmod(path.join(folder, 'plugin'), 0o755)
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', env }
    const file = path.join(folder, 'kubeconfig')
    await writeFile(file, kubeconfigText('https://cluster:6443', { exec }))
    return openCredentials({ kubeconfig: { file }, log, time: quickTime(1_000) })
  }
  const authorization = async (source: Awaited<ReturnType<typeof open>>) =>
    (await source.current()).headers.authorization

  it('gets its variables in its environment, beside those we have', async () => {
    const source = await open(
      `case "$KUBERNETES_EXEC_INFO" in *ExecCredential*) ;; *) exit 1 ;; esac
       test -n "$PATH" && printf '{"status":{"token":"%s"}}' "$WHO"`,
      [{ name: 'WHO', value: "it's $me" }],
    )

    expect(await authorization(source)).toBe("Bearer it's $me")
  })

  it('is asked again before what it gave ends, and only then', async () => {
    const expiry = new Date(1_767_614_400_000 + 120_000).toISOString()
    const source = await open(
      `echo run >> '${folder}/runs'
       printf '{"status":{"token":"t%s","expirationTimestamp":"${expiry}"}}' "$(wc -l < '${folder}/runs')"`,
    )
    expect(await authorization(source)).toBe('Bearer t1')
    expect(await authorization(source)).toBe('Bearer t1')

    await expect
      .poll(() => authorization(source), { timeout: 5_000, interval: 5 })
      .toBe('Bearer t2')
  })

  it('that fails is an error at opening, without what it printed', async () => {
    const error = (await failureOf(
      open('echo secret-on-stdout; echo secret-on-stderr >&2; exit 3'),
    )) as Error

    expect(error.message).toMatch(/plugin .*exited with 3/)
    expect(error.message).not.toContain('secret')
  })

  it.each([
    ['no JSON', 'echo hello', 'printed no JSON'],
    ['no credential', `echo '{"status":{}}'`, 'without a token or a certificate'],
  ])('that prints %s is an error that says so', async (_name, script, words) => {
    expect(((await failureOf(open(script))) as Error).message).toContain(words)
  })
})
