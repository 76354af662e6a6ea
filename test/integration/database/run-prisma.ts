import { execFile } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')
const run = promisify(execFile)

/** The Prisma command line, offline, on a database. */
export async function runPrisma(
  url: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string }> {
  const env = {
    ...process.env,
    DATABASE_URL: url,
    PRISMA_SCHEMA_ENGINE_BINARY: path.join(root, 'scripts/prisma-schema-engine.mjs'),
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  }
  const command = path.join(root, 'node_modules/prisma/build/index.js')
  try {
    const { stdout } = await run(process.execPath, [command, ...args], { cwd: root, env })
    return { code: 0, stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout: stdout + stderr }
  }
}
