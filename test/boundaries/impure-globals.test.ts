import { spawnSync } from 'node:child_process'
import { copyFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { plantTree } from './plant-tree.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const environment = 'export const x = () => process.env.HOME'

describe('the linter', () => {
  it.each([
    { file: 'packages/domain/src/x.ts', code: 'export const x = () => Date.now()' },
    { file: 'packages/domain/src/x.ts', code: 'export const x = () => crypto.randomUUID()' },
    { file: 'packages/application/src/x.ts', code: "export const x = () => fetch('http://x')" },
    { file: 'packages/application/src/x.ts', code: 'export const x = () => setTimeout(x)' },
    { file: 'packages/application/src/x.ts', code: 'export const x = () => process.uptime()' },
  ])('refuses an impure global in $file: $code', async ({ file, code }) => {
    expect(await findings(file, code)).toContain('lint/style/noRestrictedGlobals')
  })

  it.each([
    { file: 'packages/db/src/x.ts', code: 'export const x = () => Date.now()' },
    { file: 'packages/domain/src/x.test.ts', code: 'export const x = () => Date.now()' },
    { file: 'packages/config/src/x.ts', code: environment },
    { file: 'apps/api/src/main.ts', code: environment },
  ])('lets $file say: $code', async ({ file, code }) => {
    expect(await findings(file, code)).toEqual([])
  })

  it.each(['packages/db/src/x.ts', 'apps/api/src/compose.ts'])(
    'refuses to read the environment in %s',
    async (file) => {
      expect(await findings(file, environment)).toContain('lint/style/noProcessEnv')
    },
  )

  it('refuses a promise that nobody waits for', async () => {
    const code = 'async function work() {}\nexport const x = () => {\n  work()\n}'

    expect(await findings('packages/db/src/x.ts', code)).toEqual([
      'lint/nursery/noFloatingPromises',
    ])
  })
})

/** The rules that Biome, with this repository's configuration, sees broken by `code` standing in `file`. */
async function findings(file: string, code: string): Promise<readonly string[]> {
  const tree = await plantTree({ [file]: `${code}\n` })
  onTestFinished(() => rm(tree, { recursive: true }))
  await copyFile(path.join(root, 'biome.json'), path.join(tree, 'biome.json'))
  const run = spawnSync(
    process.execPath,
    [path.join(root, 'node_modules/@biomejs/biome/bin/biome'), 'lint', '--reporter=json', '.'],
    { cwd: tree, encoding: 'utf8', timeout: 20_000 },
  )
  const report = JSON.parse(run.stdout) as {
    readonly diagnostics: readonly { readonly category: string }[]
  }
  return report.diagnostics.map(({ category }) => category)
}
