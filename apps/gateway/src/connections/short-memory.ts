/** Answers that may be a little old; questions that are asked at once are asked once. */
export type ShortMemory<Value> = { get(key: string): Promise<Value> }

type Options<Value> = {
  /** An answer is used for this long, counted from the question. */
  readonly maxAgeMs: number
  readonly capacity: number
  readonly now: () => number
  readonly load: (key: string) => Promise<Value>
}

/** A failure is passed to all who asked for it and then forgotten. */
export function makeShortMemory<Value>(options: Options<Value>): ShortMemory<Value> {
  const { maxAgeMs, capacity, now, load } = options
  const known = new Map<string, { readonly askedAt: number; readonly answer: Promise<Value> }>()
  return {
    get: (key) => {
      const entry = known.get(key)
      if (entry !== undefined && now() - entry.askedAt < maxAgeMs) return entry.answer
      const answer = load(key)
      const asked = { askedAt: now(), answer }
      known.delete(key)
      known.set(key, asked)
      const [oldest] = known.keys()
      if (known.size > capacity && oldest !== undefined) known.delete(oldest)
      answer.catch(() => {
        if (known.get(key) === asked) known.delete(key)
      })
      return answer
    },
  }
}
