import { describe, expect, it } from 'vitest'
import { startTicksFrom } from './qemu-process.ts'
import { readStartFailure } from './start-failure.ts'

describe('what QEMU prints when it does not start', () => {
  it.each([
    [
      "qemu-system-x86_64: -netdev user: Could not set up host forwarding rule 'tcp:127.0.0.1:4'",
      'port-taken',
    ],
    ['qemu-system-x86_64: -drive: Image is not in qcow2 format', 'image-broken'],
    [
      "qemu-system-x86_64: -drive: Could not open backing file: Could not open '/x/disk.raw': No such file or directory",
      'image-broken',
    ],
    ['qemu: could not load kernel', 'image-broken'],
    ['qemu: linux kernel too old to load a ram disk', 'image-broken'],
    ['qemu-system-x86_64: -drive: Failed to get "write" lock', 'image-busy'],
    ['qemu-system-x86_64: cannot set up guest memory: Cannot allocate memory', 'memory-full'],
    ['env: ‘qemu-system-x86_64’: No such file or directory', 'qemu-missing'],
    ['write error: No space left on device', 'disk-full'],
    ['qemu-system-x86_64: something new', 'qemu-failed'],
  ])('%s is %s', (output, code) => {
    const failure = readStartFailure(`warning first\n${output}\n`, 'nothing')

    expect(failure).toMatchObject({ code })
    expect(failure.message).toContain(output.slice(0, 40))
  })

  it('falls back to what we saw ourselves when it printed nothing', () => {
    expect(readStartFailure('', 'the process ended').message).toContain('the process ended')
  })
})

describe('the start time of a process', () => {
  const fields = (state: string) => `42 (a b) c) ${state} ${Array(18).fill('1').join(' ')} 98765 0`

  it('is read past a command with spaces and parentheses', () => {
    expect(startTicksFrom(fields('S'))).toBe('98765')
  })

  it.each(['Z', 'X'])('is none for a process that has ended (%s)', (state) => {
    expect(startTicksFrom(fields(state))).toBeNull()
  })
})
