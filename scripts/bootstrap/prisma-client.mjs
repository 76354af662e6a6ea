import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { root } from './root.mjs'
import { runCommand } from './run-command.mjs'

const generated = path.join(root, 'packages/db/src/generated')
const sources = [
  'prisma/schema.prisma',
  'scripts/generate-prisma-client.ts',
  'node_modules/prisma/package.json',
]

/** Generates the database client when the schema, its generator or Prisma changed since the last time. */
export async function ensurePrismaClient(steps, runtime) {
  const stamp = path.join(generated, '.generated-from')
  const hash = createHash('sha256')
  for (const source of sources) hash.update(fs.readFileSync(path.join(root, source)))
  const wanted = hash.digest('hex')
  if (readText(stamp) === wanted) return
  await steps.run('generate the database client', (report) =>
    runCommand(runtime.node, ['scripts/generate-prisma-client.ts'], {
      env: runtime.env,
      report,
      timeoutMs: 120_000,
      whatFails: 'The database client could not be generated from prisma/schema.prisma.',
    }),
  )
  fs.writeFileSync(stamp, wanted)
}

function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
