import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Generates the typed database client from prisma/schema.prisma into packages/db/src/generated.
 * Works offline: Prisma insists on a native engine that it would download, and is given our own
 * (scripts/prisma-schema-engine.mjs), which `generate` never starts.
 */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js')

const child = spawn(process.execPath, [prisma, 'generate', '--no-hints'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'pipe'],
  timeout: 110_000,
  env: {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: path.join(root, 'scripts/prisma-schema-engine.mjs'),
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  },
})

let complaints = ''
child.stderr.on('data', (chunk) => {
  complaints += chunk
})
child.on('close', (code, signal) => {
  if (code === 0) return
  console.error(`prisma generate ended with ${signal ?? code}:\n${complaints.trim()}`)
  process.exitCode = 1
})
