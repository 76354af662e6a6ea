/** The least a use case or adapter needs of a logger. Fields hold no secrets. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
