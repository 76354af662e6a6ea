import type { ApiClient } from '../client/api-client.ts'
import { makeApiClient } from '../client/api-client.ts'
import { openLeaseBrowser } from '../client/lease-browser.ts'
import type { PlatformProcess } from '../client/platform-process.ts'
import { signIn } from '../client/sign-in.ts'
import { openSshIdentity } from '../client/ssh.ts'
import { awaitPool } from './chapters/await-pool.ts'
import { exceedQuota } from './chapters/exceed-quota.ts'
import { leaseMachine } from './chapters/lease-machine.ts'
import { releaseMachine, showNothingLeft } from './chapters/release-machine.ts'
import { downloadResult, followTask, submitTask } from './chapters/run-task.ts'
import { showCatalogue } from './chapters/show-catalogue.ts'
import { showIsolation } from './chapters/show-isolation.ts'
import { stopAndStart } from './chapters/stop-and-start.ts'
import { useJupyter } from './chapters/use-jupyter.ts'
import { useSsh } from './chapters/use-ssh.ts'
import type { Narrator, Tell } from './narrator.ts'
import type { Session, TourPlace } from './session.ts'

/** Walks through the product against its HTTP API, as a client would. Throws `ChapterFailed`. */
export async function walkThroughProduct(
  platform: PlatformProcess,
  place: TourPlace,
  narrator: Narrator,
): Promise<void> {
  const { chapter } = narrator
  const session = await chapter('Sign in by the device flow', (tell) => openSession(platform, tell))
  try {
    if (place !== null)
      await chapter('Wait for the cluster to be open', (tell) => awaitPool(session, tell))
    await chapter('Look at the catalogue', (tell) => showCatalogue(session, tell))
    const machine = await chapter('Lease a tiny machine', (tell) => leaseMachine(session, tell))
    const { lease } = machine
    await releaseOnFailure(session, lease.id, async () => {
      await chapter('Run a command through ssh', (tell) => useSsh(session, lease, tell))
      const link = await chapter('Open Jupyter and execute a cell', (tell) =>
        useJupyter(session, lease, tell),
      )
      if (place !== null) {
        await chapter('Stop and start: another machine, the same disk', (tell) =>
          stopAndStart(session, lease, tell),
        )
        await chapter('Tenants are apart: real packets', (tell) =>
          showIsolation(session, place, lease, tell),
        )
      }
      const runTask = async () => {
        const task = await chapter('Submit a task', (tell) => submitTask(session, tell))
        const ended = await chapter('Follow its log live', (tell) =>
          followTask(session, task, tell),
        )
        await chapter('Download the result', (tell) => downloadResult(session, ended, tell))
        return task
      }
      const release = () =>
        chapter('Release the machine', (tell) => releaseMachine(session, machine, tell))
      // The cluster's one node may have room for one at a time.
      if (place !== null) await release()
      const task = await runTask()
      await chapter('Ask for more than the quota', (tell) => exceedQuota(session, tell))
      if (place === null) await release()
      await chapter('Show that nothing is left', (tell) =>
        showNothingLeft(session, place, { machine, taskId: task.id, usedLink: link }, tell),
      )
    })
  } finally {
    await session.identity.close()
  }
}

async function openSession(platform: PlatformProcess, tell: Tell): Promise<Session> {
  const renter = await signIn(platform.issuer, 'olivia', tell)
  const operator = await signIn(platform.issuer, 'oscar', tell)
  return {
    platform,
    renter: makeApiClient(platform.api, renter.token),
    operator: makeApiClient(platform.operator, operator.token),
    browser: openLeaseBrowser(),
    identity: await openSshIdentity('leasehold-tour'),
  }
}

/** A tour that breaks off must not leave a machine running that nobody remembers. */
async function releaseOnFailure(
  { renter }: { readonly renter: ApiClient },
  leaseId: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    await renter.call('DELETE', `/v1/leases/${leaseId}`).catch(() => null)
    throw error
  }
}
