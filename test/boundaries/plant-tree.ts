import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Tree } from './trees.ts'

/** Writes a tree into a new folder, with the workspace links npm would make and a stand-in for one npm package. */
export async function plantTree(tree: Tree): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'leasehold-boundaries-'))
  const write = async (file: string, text: string) => {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true })
    await writeFile(path.join(root, file), text)
  }
  const workspaces = new Set(
    Object.keys(tree).flatMap((file) => /^(?:apps|packages)\/[^/]+/.exec(file)?.[0] ?? []),
  )
  for (const [file, text] of Object.entries(tree)) await write(file, text)
  await mkdir(path.join(root, 'node_modules/@leasehold'), { recursive: true })
  for (const workspace of workspaces) {
    const name = `@leasehold/${path.basename(workspace)}`
    await write(
      `${workspace}/package.json`,
      JSON.stringify({ name, type: 'module', exports: { '.': './src/index.ts' } }),
    )
    await symlink(path.join(root, workspace), path.join(root, 'node_modules', name))
  }
  await write('node_modules/bullmq/package.json', '{"name":"bullmq","main":"index.js"}')
  await write('node_modules/bullmq/index.js', 'module.exports = 1\n')
  return root
}
