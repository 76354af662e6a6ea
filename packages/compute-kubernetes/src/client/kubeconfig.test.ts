import { describe, expect, it } from 'vitest'
import { readKubeconfig } from './kubeconfig.ts'
import { failureOf } from './testing/hostile-server.ts'

const kubeconfig = `
apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: one, context: {cluster: here, user: me}}
- {name: two, context: {cluster: there, user: me}}
clusters:
- name: here
  cluster: {server: 'https://here:6443', certificate-authority: pki/ca.crt}
- name: there
  cluster:
    server: https://there:6443
    certificate-authority-data: ${Buffer.from('PEM').toString('base64')}
    tls-server-name: kubernetes
users:
- name: me
  user: {client-certificate: /abs/me.crt, client-key-data: ${Buffer.from('KEY').toString('base64')}}
`

describe('a kubeconfig', { timeout: 60_000 }, () => {
  it('names files from its own folder', async () => {
    const access = await readKubeconfig(kubeconfig, '/etc/leasehold')

    expect(access).toMatchObject({
      server: 'https://here:6443',
      ca: { file: '/etc/leasehold/pki/ca.crt' },
      clientCertificate: { file: '/abs/me.crt' },
      clientKey: { text: 'KEY' },
      isInsecure: false,
    })
  })

  it('is read at the context that is asked for', async () => {
    expect(await readKubeconfig(kubeconfig, '/', 'two')).toMatchObject({
      server: 'https://there:6443',
      ca: { text: 'PEM' },
      serverName: 'kubernetes',
    })
  })

  it.each([
    ['a context that is not there', kubeconfig, 'three', 'no entry three in contexts'],
    ['no context at all', 'kind: Config', undefined, 'no current-context'],
    [
      'a user without an entry',
      kubeconfig.replace('name: me\n', 'name: you\n'),
      'one',
      'no entry me in users',
    ],
    ['what is no YAML', 'a: [secret', undefined, 'not valid YAML'],
    [
      'a cluster without a server',
      kubeconfig.replace("server: 'https://here:6443', ", ''),
      'one',
      'lacks its name or server',
    ],
    [
      'a proxy',
      kubeconfig.replace('cluster: {server', 'cluster: {proxy-url: x, server'),
      'one',
      'proxy-url',
    ],
    [
      'a provider of old',
      kubeconfig.replace('user: {client', 'user: {auth-provider: {name: x}, client'),
      'one',
      'auth-provider',
    ],
  ])('is refused with words for %s, and without its text', async (_name, text, context, words) => {
    const error = (await failureOf(readKubeconfig(text, '/', context))) as Error

    expect(error.message).toContain(words)
    expect(error.message).not.toContain('secret')
  })
})
