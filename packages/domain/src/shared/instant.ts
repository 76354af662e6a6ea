/** Milliseconds since the epoch. Only the clock at the edge may create one. */
export type Instant = number
