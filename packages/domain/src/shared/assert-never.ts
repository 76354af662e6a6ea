/** Makes a forgotten case a compile error; reached only by data that lies about its type. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}`)
}
