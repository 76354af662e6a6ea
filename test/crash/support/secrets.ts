import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Stack } from './stack.ts'

/**
 * What of a platform's secrets a log shows: the passwords and keys of its parts, anything that
 * looks like a token, a private key or a bearer header. Must be empty.
 */
export async function findSecrets(
  stateFolder: string,
  stack: Stack,
  log: string,
): Promise<readonly string[]> {
  const masterKey = await readFile(join(stateFolder, 'master.key'))
  const known: readonly (readonly [string, string])[] = [
    ...(await stack.secrets()),
    ['the master key', masterKey.toString('base64')],
    ['the master key', masterKey.toString('hex')],
  ]
  const shapes: readonly (readonly [string, RegExp])[] = [
    ['a JSON web token', /eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\./],
    ['a private key', /BEGIN (OPENSSH )?PRIVATE KEY/],
    ['a bearer header', /Bearer [A-Za-z0-9_-]{20,}/],
    ['a presigned link', /X-Amz-Signature=[0-9a-f]{16,}/],
  ]
  return [
    ...known.filter(([, secret]) => log.includes(secret)).map(([name]) => name),
    ...shapes.filter(([, shape]) => shape.test(log)).map(([name]) => name),
  ]
}
