import { spawn } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { root } from './tracked-files.ts'

export type SetUpRun = { readonly code: number | null; readonly output: string }

export type FreshCheckout = {
  readonly folder: string
  /** Runs the set-up as `npm run <wish> -- <args>` would, with only our stand-ins on PATH. */
  run(args: readonly string[], as?: { readonly uid: number }): Promise<SetUpRun>
  /** What the stand-ins noted, one line a call. */
  calls(): Promise<readonly string[]>
  write(file: string, text: string): Promise<void>
}

const programs = [
  'qemu-system-x86_64',
  'qemu-system-aarch64',
  'qemu-img',
  'mmdebstrap',
  'genisoimage',
]
const more = ['mke2fs', 'ssh', 'ssh-keygen', 'python3', 'pip3']

/**
 * A folder (with a space in its name) that holds the real scripts/bootstrap and stand-ins for what
 * it calls: npm, apt-get, the generator, the image maker and the wish. They note their calls.
 */
export async function freshCheckout(missing: readonly string[] = []): Promise<FreshCheckout> {
  const folder = path.join(await mkdtemp(path.join(tmpdir(), 'leasehold-')), 'a checkout')
  const write = async (file: string, text: string) => {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
    await writeFile(path.join(folder, file), text)
    if (file.startsWith('bin/')) await chmod(path.join(folder, file), 0o755)
  }
  await cp(path.join(root, 'scripts/bootstrap'), path.join(folder, 'scripts/bootstrap'), {
    recursive: true,
  })
  const note = [
    "import { appendFileSync, mkdirSync } from 'node:fs'",
    "import path from 'node:path'",
    'const [, program, ...args] = process.argv',
    "const call = [path.relative('.', program), ...args].join(' ')",
    "appendFileSync('calls', [call, ''].join('\\n'))\n",
  ].join('\n')
  await write('package.json', '{"type":"module"}')
  await write('package-lock.json', lockOf('1.0.0'))
  await write('node_modules/.package-lock.json', lockOf('1.0.0'))
  await write('node_modules/prisma/package.json', '{}')
  await write('prisma/schema.prisma', '// one')
  await write(
    'scripts/generate-prisma-client.ts',
    `${note}mkdirSync('packages/db/src/generated', { recursive: true })`,
  )
  await write('scripts/ensure-guest-image.ts', note)
  await write('scripts/run-tests.ts', `${note}process.exitCode = args.includes('fail') ? 7 : 0`)
  for (const name of [...programs, ...more].filter((one) => !missing.includes(one)))
    await write(`bin/${name}`, '#!/bin/sh\n')
  await write(
    'bin/npm',
    `#!/bin/sh\necho npm "$@" >> '${folder}/calls'\ncp '${folder}/package-lock.json' '${folder}/node_modules/.package-lock.json'\n`,
  )
  await write(
    'bin/apt-get',
    `#!/bin/sh\necho apt-get "$@" >> '${folder}/calls'\n${missing.map((name) => `cp '${folder}/bin/npm' '${folder}/bin/${name}'`).join('\n')}\n`,
  )
  await symlink('/bin/cp', path.join(folder, 'bin/cp'))
  return {
    folder,
    write,
    run: (args, as) => runSetUp(folder, args, as),
    calls: async () =>
      (await readFile(path.join(folder, 'calls'), 'utf8').catch(() => '')).trim().split('\n'),
  }
}

export function lockOf(version: string): string {
  return JSON.stringify({ packages: { '': {}, 'node_modules/prisma': { version } } })
}

function runSetUp(
  folder: string,
  args: readonly string[],
  as: { readonly uid: number } | undefined,
): Promise<SetUpRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['scripts/bootstrap/bootstrap.mjs', ...args], {
      cwd: folder,
      env: { PATH: path.join(folder, 'bin'), HOME: folder },
      timeout: 30_000,
      ...(as ?? {}),
    })
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    child.stderr.on('data', (data) => {
      output += data
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}
