import type { TourPlace } from '../session.ts'
import { type DemoCluster, openDemoCluster } from './demo-cluster.ts'
import { writePoolsFile } from './write-pools-file.ts'

const say = (line: string) => void process.stdout.write(`${line}\n`)

/**
 * Does `work` with the settings of a platform whose only pool is a cluster. A cluster that was started for it is taken
 * down again with `once`; otherwise it stays, and how to take it down is said.
 */
export async function withDemoCluster(
  once: boolean,
  work: (settings: Readonly<Record<string, string>>, place: TourPlace) => Promise<number>,
): Promise<number> {
  let demo: DemoCluster | null = null
  try {
    say('Starting a cluster with KubeVirt; the first time it is built, which takes a while …')
    demo = await openDemoCluster(say)
    const settings = await writePoolsFile(demo)
    return await work(settings, {
      demo,
      runApi: `${settings.RUN_API_HOST}:${settings.RUN_API_PORT}`,
    })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    return 1
  } finally {
    if (demo !== null) await leave(demo, once)
  }
}

async function leave({ cluster, isOurs }: DemoCluster, once: boolean): Promise<void> {
  if (!isOurs) return
  if (!once) return say('The cluster stays. To take it down: npm run cluster -- down')
  say('Taking the cluster down …')
  await cluster.stop()
  say('It is gone.')
}
