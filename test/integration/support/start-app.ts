import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { endProcess, hasEnded } from '../../services/end-process.ts'

export const root = resolve(import.meta.dirname, '../../..')

export type Environment = Readonly<Record<string, string>>
export type StartedApp = { stop(): Promise<void> }

const patience = { withinMs: 120_000, everyMs: 100 }

/** Starts an app by its own main.ts and waits for the line of its log that says it is ready. */
export async function startApp(app: string, ready: string, env: Environment): Promise<StartedApp> {
  const main = join(root, 'apps', app, 'src/main.ts')
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said = (said + chunk).slice(-20_000)
    })
  const stop = () => endProcess(child, 'SIGTERM')
  try {
    await waitFor(
      `${app}: ${ready}`,
      async () => said,
      (text) => {
        if (hasEnded(child)) {
          const how = child.exitCode ?? child.signalCode
          throw new Error(`${app} ended with ${how}:\n${text.slice(-2_000)}`)
        }
        return text.includes(`"${ready}"`)
      },
      patience,
    )
    return { stop }
  } catch (error) {
    await stop()
    throw error
  }
}
