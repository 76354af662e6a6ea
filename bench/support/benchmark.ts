/** One number, with its goal where it has one. `unit` is for people: `×`, `ms`, `%`, `MB`, `req/s`. */
export type Figure = {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly goal?: number
  readonly better?: 'higher' | 'lower'
}

/** What a benchmark found: the number that is compared with the goal, and what it was made from. */
type Outcome = {
  readonly value: number
  /** `value` of each round, in order. */
  readonly runs: readonly number[]
  /** Further goals and what helps to read the value. */
  readonly also: readonly Figure[]
  /** The same measure of the obvious way to build it, so that the value means something. */
  readonly naive: readonly Figure[]
}

export type Benchmark = {
  readonly name: string
  /** What the value is, for people. */
  readonly title: string
  readonly unit: string
  readonly goal: number
  readonly better: 'higher' | 'lower'
  /** How it is measured, one sentence each; what is not real is said here. */
  readonly how: readonly string[]
  /** Throws when it could not measure; a missed goal is a result. */
  run(tell: Tell): Promise<Outcome>
}

/** Says where a long measurement is. */
export type Tell = (line: string) => void

export type Result = Benchmark & Outcome

export function meets(
  value: number,
  { goal, better }: { readonly goal: number; readonly better: 'higher' | 'lower' },
): boolean {
  return better === 'higher' ? value >= goal : value <= goal
}
