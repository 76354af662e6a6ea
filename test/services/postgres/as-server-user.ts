import { findServerUser } from '../../../packages/db/src/embedded/server-user.ts'

/** A program and its arguments. */
export type Words = [string, ...string[]]

/** PostgreSQL and its poolers refuse to run as root: how root runs a program as the user that the embedded one has, too. */
export async function asServerUser(): Promise<(...words: Words) => Words> {
  const user = await findServerUser()
  if (user === null) return (...words) => words
  const { uid, gid } = user
  // Leaving root makes the kernel forget that it is to end with us.
  const change = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--pdeathsig=KILL']
  return (...words) => ['setpriv', ...change, ...words]
}
