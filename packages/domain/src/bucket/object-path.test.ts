import { describe, expect, it } from 'vitest'
import type { TaskId, TenantId } from '../shared/ids.ts'
import { parseEnvironment, requireWritablePath, taskPaths } from '../task/task-paths.ts'
import { bucketName } from './bucket-name.ts'
import { parseObjectPath } from './object-path.ts'

describe('a path in a bucket', () => {
  it.each([
    'a',
    'data/train.csv',
    'data/',
    '数据/🦊.bin',
    '.hidden',
    'a b',
    '..a',
    'x'.repeat(900),
  ])('may be %j', (path) => {
    expect(parseObjectPath(path)).toBe(path)
  })

  it.each([
    '',
    '/',
    '/etc/passwd',
    'a//b',
    '../secret',
    'a/../../b',
    'a/.',
    '..',
    'a\\b',
    'a\u0000b',
    'a\nb',
    'a\u007fb',
    'x'.repeat(901),
    '数'.repeat(301),
  ])('may not be %j', (path) => {
    expect(() => parseObjectPath(path, '/path')).toThrow(
      expect.objectContaining({ code: 'file/path-invalid', field: '/path' }),
    )
  })

  it.each(['tasks/tsk_1/log.txt', 'tasks/new', 'data/'])(
    'that a renter writes may not be %s',
    (path) => {
      expect(() => requireWritablePath(path)).toThrow(
        expect.objectContaining({ code: 'file/path-invalid' }),
      )
    },
  )

  it('of a task lies below the task', () => {
    const id = 'tsk_1' as TaskId

    for (const pathOf of Object.values(taskPaths)) expect(pathOf(id)).toMatch(/^tasks\/tsk_1\//)
  })
})

describe('the bucket of a tenant', () => {
  it('has a name that S3 takes', () => {
    expect(bucketName({ id: 'ten_0193A7C2' as TenantId })).toMatch(/^[a-z0-9.-]{3,63}$/)
  })
})

describe('an environment', () => {
  it.each([{ PATH: '/bin' }, { _x1: 'line\nbreak' }, {}])('may be %j', (environment) => {
    expect(() => parseEnvironment(environment as Record<string, string>)).not.toThrow()
  })

  it.each([
    { 'A\nB': '1' },
    { '1A': '1' },
    { '': '1' },
    { 'A=B': '1' },
    { A: 'x\u0000' },
    { ['A'.repeat(129)]: '1' },
  ])('may not be %j', (environment) => {
    expect(() => parseEnvironment(environment as unknown as Record<string, string>)).toThrow(
      expect.objectContaining({ code: 'request/invalid' }),
    )
  })
})
