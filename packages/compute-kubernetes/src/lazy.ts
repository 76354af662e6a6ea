/** Something that is opened by its first use, once, and closed only if it was opened. A failed opening is tried again. */
export type Lazy<Part> = { open(): Promise<Part>; close(): Promise<void> }

export function makeLazy<Part extends { close(): Promise<void> }>(
  openPart: () => Promise<Part>,
): Lazy<Part> {
  let opened: Promise<Part> | null = null
  let isClosed = false
  return {
    async open() {
      if (isClosed) throw new Error('The pool is closed.')
      opened ??= openPart().catch((error) => {
        opened = null
        throw error
      })
      return opened
    },
    async close() {
      isClosed = true
      const part = await opened?.catch(() => null)
      await part?.close()
    },
  }
}
