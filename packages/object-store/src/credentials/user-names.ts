/** What the name of a store's user says about the key it was made for. */
export type KeyUser = { readonly bucket: string; readonly expiresAtSeconds: number }

const pattern = /^(leasehold-[a-z0-9.-]+)\.x([0-9a-z]{6,9})\.[0-9a-z]{6}$/

/**
 * The name of the user that holds one key: its bucket and when it ends (Unix seconds), so that any
 * replica can end it without a record of ours. IAM takes 64 characters of `[A-Za-z0-9+=,.@_-]`.
 */
export function userName(bucket: string, expiresAtSeconds: number, unique: string): string {
  const name = `${bucket}.x${expiresAtSeconds.toString(36)}.${unique}`
  if (readUserName(name)?.bucket !== bucket || name.length > 64)
    throw new RangeError(`No user can be named after the bucket ${bucket}.`)
  return name
}

/** Null for users that are not ours. */
export function readUserName(name: string): KeyUser | null {
  const [, bucket, time] = pattern.exec(name) ?? []
  if (bucket === undefined || time === undefined) return null
  return { bucket, expiresAtSeconds: Number.parseInt(time, 36) }
}
