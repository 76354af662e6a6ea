import fs from 'node:fs'
import path from 'node:path'
import { runCommand } from './run-command.mjs'
import { SetUpError } from './set-up-error.mjs'

const qemu = {
  x64: { program: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  arm64: { program: 'qemu-system-aarch64', package: 'qemu-system-arm' },
}

/** Programs that machines, the guest image and the object store need, and the package that has each. */
function neededPrograms() {
  return [
    qemu[process.arch] ?? qemu.x64,
    { program: 'qemu-img', package: 'qemu-utils' },
    { program: 'mmdebstrap', package: 'mmdebstrap' },
    { program: 'genisoimage', or: 'xorriso', package: 'genisoimage' },
    { program: 'mke2fs', package: 'e2fsprogs' },
    { program: 'ssh', package: 'openssh-client' },
    { program: 'ssh-keygen', package: 'openssh-client' },
    { program: 'python3', package: 'python3' },
    { program: 'pip3', package: 'python3-pip' },
  ]
}

const neededFiles = [
  { file: '/usr/share/keyrings/debian-archive-keyring.gpg', package: 'debian-archive-keyring' },
]

/** Installs the Debian packages that are missing when we are root; otherwise says the one line that does. */
export async function ensureDebianPackages(steps) {
  const missing = missingPackages()
  if (missing.length === 0) return
  if (find('apt-get') === null)
    throw new SetUpError(
      `Machines need programs that are missing here; Debian and Ubuntu have them in: ${missing.join(' ')}. ` +
        'On another system install the same programs with its own package manager (QEMU, mmdebstrap, genisoimage, mke2fs, OpenSSH client, Python 3 with pip).',
    )
  const line = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (process.getuid?.() !== 0)
    throw new SetUpError(
      `Debian packages are missing. Install them, then run the same command again:\n\n  sudo sh -c '${line}'\n`,
    )
  await steps.run(`install Debian packages: ${missing.join(' ')}`, (report) =>
    install(missing, report),
  )
  const still = missingPackages()
  if (still.length > 0)
    throw new SetUpError(`Still missing after the installation: ${still.join(' ')}. Try: ${line}`)
}

async function install(packages, report) {
  try {
    await aptGet(packages, report)
  } catch {
    report('a second try')
    await aptGet(packages, report)
  }
}

async function aptGet(packages, report) {
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    report,
    timeoutMs: 900_000,
    whatFails: 'apt-get could not install the packages. Check that it reaches its mirror.',
  }
  const wait = ['-o', 'DPkg::Lock::Timeout=300']
  await runCommand('apt-get', [...wait, 'update'], options)
  await runCommand(
    'apt-get',
    [...wait, 'install', '-y', '--no-install-recommends', ...packages],
    options,
  )
}

function missingPackages() {
  const byProgram = neededPrograms()
    .filter(({ program, or }) => find(program) === null && (or === undefined || find(or) === null))
    .map((need) => need.package)
  const byFile = neededFiles.filter(({ file }) => !fs.existsSync(file)).map((need) => need.package)
  return [...new Set([...byProgram, ...byFile])]
}

function find(program) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin']
  return (
    folders.map((folder) => path.join(folder, program)).find((file) => fs.existsSync(file)) ?? null
  )
}
