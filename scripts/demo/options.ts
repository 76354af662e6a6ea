import { parseArgs } from 'node:util'

export type DemoOptions = {
  /** End after the tour instead of leaving the platform running. */
  readonly once: boolean
  /** A cloud image to use for machines, by path or address; null: ours is built. */
  readonly image: string | null
  /** Walk on a development cluster with KubeVirt instead of on this computer. */
  readonly kubernetes: boolean
  /** Walk on Keycloak, Redis, MinIO and PostgreSQL 15 instead of the embedded parts. */
  readonly services: boolean
}

const usage = `npm run demo -- [--once] [--services] [--kubernetes | --image PATH|URL]    npm start -- [--image PATH|URL]
  --once        end after the tour, with exit code 0 when everything worked
  --image       boot machines from this cloud image instead of building one
  --kubernetes  the same tour on a cluster with KubeVirt, which is started on this computer (needs root and Go);
                with --once it is taken down afterwards
  --services    the same tour on Keycloak, Redis, MinIO and PostgreSQL 15, which are started on this computer and
                ended afterwards (Java, Maven, Go and Debian's packages; as root what Debian has is installed)`

/** Null when an option is unknown; then it has been said which there are. */
export function readDemoOptions(args: readonly string[]): DemoOptions | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        kubernetes: { type: 'boolean', default: false },
        services: { type: 'boolean', default: false },
        image: { type: 'string' },
      },
      allowPositionals: false,
    })
    const { once, kubernetes, services, image } = values
    if (kubernetes && image !== undefined)
      throw new Error('The cluster has its own image: leave out one of --kubernetes and --image.')
    if (kubernetes && services)
      throw new Error('The tour is on a cluster or on the services: leave out one of the two.')
    return { once, kubernetes, services, image: image ?? null }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}\n`)
    return null
  }
}

/** Environment of the platform that follows from the options. */
export function platformSettings(options: DemoOptions): Readonly<Record<string, string>> {
  return options.image === null ? {} : { GUEST_IMAGE: options.image }
}
