import { runCommand } from '../processes/run-command.ts'

const places = ['go', '/usr/local/go/bin/go', '/usr/lib/go/bin/go']

/** The Go that builds the cluster's programs, or an error that says how to get one. */
export async function findGo(
  signal: AbortSignal,
): Promise<{ readonly path: string; readonly version: string }> {
  for (const path of places) {
    const version = await runCommand(path, ['env', 'GOVERSION'], {
      signal,
      timeoutMs: 60_000,
    }).catch(() => null)
    if (version !== null) return { path, version: version.trim() }
  }
  throw new Error(
    'Go is missing. The cluster is built from source: install Go 1.26 or newer (https://go.dev/doc/install), then run the same command again.',
  )
}
