import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { LeaseId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { makeAccessSecrets } from './access-secrets.ts'
import { makeIds } from './ids.ts'

const run = promisify(execFile)
const program = 'ssh-keygen'
const isMissing = (() => {
  try {
    execFileSync(program, ['-?'], { stdio: 'ignore' })
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
})()
const reason = isMissing
  ? ' (skipped: ssh-keygen is not installed, run apt-get install openssh-client)'
  : ''

describe.skipIf(isMissing)(`the host key file, read by OpenSSH itself${reason}`, () => {
  // Comments of 0 … 8 characters go through every length of the padding.
  it.each([...'012345678'].map(Number))(
    'with a comment of %i characters is a valid key',
    async (length) => {
      const folder = await mkdtemp(join(tmpdir(), 'host-key-'))
      try {
        const key = makeAccessSecrets(new Uint8Array(32).fill(length)).hostKey(
          'a'.repeat(length) as LeaseId,
        )
        const file = join(folder, 'key')
        await writeFile(file, key.privateOpenSsh, { mode: 0o600 })

        const { stdout: publicLine } = await run(program, ['-y', '-P', '', '-f', file])
        const { stdout: listed } = await run(program, ['-l', '-f', file])

        const blob = key.publicLine.split(' ')[1] ?? ''
        expect(publicLine.trim()).toBe(`${key.publicLine} ${'a'.repeat(length)}`.trim())
        expect(listed).toContain(`256 SHA256:${makeIds().sha256OfBase64(blob)} `)
      } finally {
        await rm(folder, { recursive: true })
      }
    },
  )
})
