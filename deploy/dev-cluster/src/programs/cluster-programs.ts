import { fileURLToPath } from 'node:url'
import type { Log } from '../log.ts'
import { buildProgram } from './build-program.ts'

export type BuildPlace = {
  readonly cacheFolder: string
  readonly log: Log
  readonly signal: AbortSignal
}

export const kubernetesVersion = 'v1.36.3'
const [major, minor] = kubernetesVersion.slice(1).split('.')

/** What Kubernetes says about itself; its own build takes them from git. */
const versionFlags = [
  `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
  `-X k8s.io/component-base/version.gitMajor=${major}`,
  `-X k8s.io/component-base/version.gitMinor=${minor}`,
  '-X k8s.io/component-base/version.gitTreeState=clean',
  `-X k8s.io/client-go/pkg/version.gitVersion=${kubernetesVersion}`,
]

/** The control plane, the parts of a node, and kubectl. */
export function buildKubernetes(place: BuildPlace): Promise<string> {
  return build('kubernetes', place, versionFlags)
}

/** What only a real node needs. */
export async function buildNodePrograms(
  place: BuildPlace,
): Promise<{ readonly networkPolicy: string; readonly dns: string; readonly pause: string }> {
  const networkPolicy = await build('network-policy', place)
  const dns = await build('dns', place)
  return { networkPolicy, dns, pause: await build('pause', place) }
}

async function build(
  name: string,
  place: BuildPlace,
  ldflags: readonly string[] = [],
): Promise<string> {
  const folder = fileURLToPath(new URL(`../../programs/${name}`, import.meta.url))
  const { [name]: program } = await buildProgram({ ...place, name, folder, ldflags })
  if (program === undefined) throw new Error(`${folder} did not build a program ${name}`)
  return program
}
