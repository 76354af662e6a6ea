import type { Log } from '@leasehold/application'

type Closer = { readonly what: string; readonly close: () => Promise<void> }

/** Remembers how to close what has been opened, and closes it in reverse order, whatever fails on the way. */
export class Closing {
  readonly #closers: Closer[] = []
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  add(what: string, close: () => Promise<void>): void {
    this.#closers.push({ what, close })
  }

  async closeAll(): Promise<void> {
    for (const { what, close } of this.#closers.splice(0).reverse()) {
      try {
        await close()
      } catch (err) {
        this.#log.error({ what, err }, 'could not be closed')
      }
    }
  }
}
