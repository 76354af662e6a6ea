import { describe, expect, it } from 'vitest'
import { ProgramFailed } from '../programs/run-program.ts'
import { explain, phaseFrom } from './build-image.ts'
import { debianRecipe, finishScript, recipeId, writeFilesScript } from './image-recipe.ts'

describe('an image recipe', () => {
  it('has another id as soon as anything in it changes', () => {
    const [first, ...others] = debianRecipe.files
    const changed = {
      ...debianRecipe,
      files: [{ path: '/x', mode: '0644', content: '' }, ...others],
    }

    expect(first).toBeDefined()
    expect(recipeId(debianRecipe)).toBe(recipeId(structuredClone(debianRecipe)))
    expect(recipeId(changed)).not.toBe(recipeId(debianRecipe))
  })

  it('carries file contents as base64, so that no shell sees them', () => {
    const content = "'; rm -rf / #\n$(reboot)"
    const script = writeFilesScript([{ path: '/etc/a/b', mode: '0600', content }])

    expect(script).not.toContain('reboot')
    expect(script).toContain(Buffer.from(content).toString('base64'))
    expect(script).toContain('mkdir -p "$1/etc/a"')
    expect(script).toContain('chmod 0600 "$1/etc/a/b"')
  })

  it('leaves no host key, no machine id and no password login in the image', () => {
    const file = (path: string) => debianRecipe.files.find((each) => each.path === path)?.content

    expect(finishScript(debianRecipe)).toContain('rm -rf "$1"/etc/ssh/ssh_host_*')
    expect(file('/etc/machine-id')).toBe('')
    expect(file('/etc/ssh/sshd_config.d/10-leasehold.conf')).toContain('PasswordAuthentication no')
  })
})

describe('the progress of a build', () => {
  it.each([
    ['I: extracting archives...', 'guest image: extracting archives'],
    ['Setting up python3 (3.11) ...', 'installing python3 into the guest image'],
    ['42%', null],
  ])('%s reads as %s', (output, phase) => {
    expect(phaseFrom(output)).toBe(phase)
  })
})

describe('a failed build', () => {
  const failed = (output: string) => explain(new ProgramFailed('mmdebstrap', 'failed', 'x', output))

  it.each([
    ["E: Failed to fetch http://a.test/x  Could not resolve 'a.test'", 'download-failed'],
    ['dpkg: error: No space left on device', 'disk-full'],
    ['E: something else', 'build-failed'],
  ])('%s is %s', (output, code) => {
    expect(failed(output)).toMatchObject({ code })
  })

  it('says what to install when a program is missing', () => {
    const error = explain(new ProgramFailed('mmdebstrap', 'missing', 'is not installed'))

    expect(error).toMatchObject({ code: 'tools-missing' })
    expect(error.message).toContain('apt-get install mmdebstrap')
  })
})
