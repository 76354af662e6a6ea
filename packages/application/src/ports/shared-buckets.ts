/** What one replica let pass of one bucket since it last said so. */
export type BucketTakes = {
  readonly key: string
  readonly taken: number
  readonly perSecond: number
  readonly burst: number
}

/** Token buckets that all replicas share. Losing them fills them, which is to the advantage of their owners. */
export interface SharedBuckets {
  /**
   * Takes what was taken, and says what is left in each, in the same order: below 0, and never below
   * `-burst`, when replicas together took more than there was. Rejects when it cannot be told soon.
   */
  settle(takes: readonly BucketTakes[]): Promise<readonly number[]>
}
