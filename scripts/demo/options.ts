import { parseArgs } from 'node:util'

export type DemoOptions = {
  /** End after the tour instead of leaving the platform running. */
  readonly once: boolean
  /** A cloud image to use for machines, by path or address; null: ours is built. */
  readonly image: string | null
}

const usage = `npm run demo -- [--once] [--image PATH|URL]    npm start -- [--image PATH|URL]
  --once    end after the tour, with exit code 0 when everything worked
  --image   boot machines from this cloud image instead of building one`

/** Null when an option is unknown; then it has been said which there are. */
export function readDemoOptions(args: readonly string[]): DemoOptions | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { once: { type: 'boolean', default: false }, image: { type: 'string' } },
      allowPositionals: false,
    })
    return { once: values.once, image: values.image ?? null }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}\n`)
    return null
  }
}

/** Environment of the platform that follows from the options. */
export function platformSettings(options: DemoOptions): Readonly<Record<string, string>> {
  return options.image === null ? {} : { GUEST_IMAGE: options.image }
}
