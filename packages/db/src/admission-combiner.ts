/**
 * Sends what arrives while a batch is on its way as the next batch, so that a thousand requests for one
 * tenant are a handful of transactions instead of a thousand that wait for the same quota row.
 */
export type Combiner<Item, Outcome> = (tenantId: string, item: Item) => Promise<Outcome>

export type CombinerOptions<Item, Outcome> = {
  /** Batches that may be on their way at once. A tenant always takes the same lane: its order is kept. */
  readonly lanes: number
  readonly maxBatch: number
  /** Stores a batch as one transaction: all outcomes, in order, or an error and nothing stored. */
  readonly send: (items: readonly Item[]) => Promise<readonly Outcome[]>
  /** Whether the error is about an item of the batch, so that the others should go on without it. */
  readonly isAboutItems: (error: unknown) => boolean
}

type Waiting<Item, Outcome> = {
  readonly item: Item
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

export function makeCombiner<Item, Outcome>(
  options: CombinerOptions<Item, Outcome>,
): Combiner<Item, Outcome> {
  const lanes = Array.from({ length: options.lanes }, () => makeLane(options))
  return (tenantId, item) => {
    const lane = lanes[hashOf(tenantId) % lanes.length]
    if (lane === undefined) throw new Error('A combiner needs a lane.')
    return lane(item)
  }
}

function makeLane<Item, Outcome>(options: CombinerOptions<Item, Outcome>) {
  const queue: Waiting<Item, Outcome>[] = []
  let isRunning = false

  const run = async () => {
    while (queue.length > 0) {
      const batch = queue.splice(0, options.maxBatch)
      await settle(batch, options)
    }
    isRunning = false
  }
  return (item: Item): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject })
      if (isRunning) return
      isRunning = true
      // After this round of I/O: requests that were read from other sockets just now ride along.
      setImmediate(() => void run())
    })
}

/** Never rejects: every item gets its own outcome or error. */
async function settle<Item, Outcome>(
  batch: readonly Waiting<Item, Outcome>[],
  options: CombinerOptions<Item, Outcome>,
): Promise<void> {
  try {
    const outcomes = await options.send(batch.map(({ item }) => item))
    batch.forEach(({ resolve, reject }, index) => {
      const outcome = outcomes[index]
      if (outcome === undefined) reject(new Error('A batch came back with too few outcomes.'))
      else resolve(outcome)
    })
  } catch (error) {
    if (batch.length === 1 || !options.isAboutItems(error)) {
      for (const { reject } of batch) reject(error)
      return
    }
    // One bad item must not fail its neighbours: halves, until the bad one is alone.
    const middle = Math.ceil(batch.length / 2)
    await settle(batch.slice(0, middle), options)
    await settle(batch.slice(middle), options)
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
