import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import { readKubeconfig } from '../api-server/read-kubeconfig.ts'

/**
 * Writes a kubeconfig by which a program outside the cluster is a service account in it: the
 * administrator acting as that account, so no token ends while the cluster runs.
 */
export async function writeActingKubeconfig(
  administrator: string,
  file: string,
  account: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const { url, authority, certificate, key } = await readKubeconfig(administrator)
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'cluster',
        cluster: { server: url, 'certificate-authority-data': base64(authority) },
      },
    ],
    users: [
      {
        name: 'user',
        user: {
          'client-certificate-data': base64(certificate),
          'client-key-data': base64(key),
          as: `system:serviceaccount:${account.namespace}:${account.name}`,
        },
      },
    ],
    contexts: [
      {
        name: 'context',
        context: { cluster: 'cluster', user: 'user', namespace: account.namespace },
      },
    ],
    'current-context': 'context',
  }
  await writeFile(file, stringify(config), { mode: 0o600 })
}
