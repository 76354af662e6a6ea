import { fileURLToPath } from 'node:url'

/** The checkout. Correct for paths with spaces and other characters that URLs escape. */
export const root = fileURLToPath(new URL('../../', import.meta.url))
