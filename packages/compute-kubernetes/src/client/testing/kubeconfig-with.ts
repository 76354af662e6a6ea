import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'

/** A new kubeconfig for the cluster of another one, with what a test wants to be different. */
export async function kubeconfigWith(
  kubeconfig: string,
  folder: string,
  { user, cluster = {} }: { user?: object; cluster?: object },
): Promise<string> {
  const config = parse(await readFile(kubeconfig, 'utf8'))
  const [firstCluster] = config.clusters
  const [firstUser] = config.users
  const name = 'test'
  const file = path.join(folder, `kubeconfig-${randomUUID()}`)
  await writeFile(
    file,
    JSON.stringify({
      'current-context': name,
      contexts: [{ name, context: { cluster: name, user: name } }],
      clusters: [{ name, cluster: { ...firstCluster.cluster, ...cluster } }],
      users: [{ name, user: user ?? firstUser.user }],
    }),
  )
  return file
}
