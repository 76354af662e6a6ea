import { copyFile, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { runCommand } from '../processes/run-command.ts'
import { supervise } from '../processes/supervise.ts'
import type { ClusterState } from './cluster-state.ts'

const readyWithinMs = 120_000
const kubectlLimitMs = 120_000

export type ControlPlane = {
  readonly kubeconfig: string
  readonly certificates: string
  readonly kubectl: (args: readonly string[], stdin?: string) => Promise<string>
}

/**
 * Starts etcd, API server, controllers and scheduler as one process and returns when the first
 * namespace has its service account, which is when pods can be created.
 *
 * @param prefix words that enter the place where it runs
 */
export async function startControlPlane(
  folder: string,
  state: ClusterState,
  program: string,
  prefix: readonly string[],
  signal: AbortSignal,
): Promise<ControlPlane> {
  const own = path.join(folder, 'control-plane')
  await mkdir(own, { recursive: true, mode: 0o700 })
  const certificates = certificatesFolder(folder)
  const issued = path.join(certificates, 'admin.kubeconfig')
  const kubeconfig = path.join(folder, 'kubeconfig')
  const kubectl = makeKubectl(program, kubeconfig, signal)
  const server = new URL(state.apiServer)
  await supervise(
    folder,
    {
      name: 'control-plane',
      program,
      args: [
        'up',
        `--folder=${own}`,
        `--address=${server.hostname}`,
        `--port=${server.port}`,
        `--pod-cidr=${state.podCidr}`,
        `--service-cidr=${state.serviceCidr}`,
        ...state.nodes.map(({ name, address }) => `--node=${name}=${address}`),
      ],
      readyWithinMs,
      isReady: async () => {
        await copyFile(issued, kubeconfig)
        return (await kubectl(['get', 'serviceaccount', 'default', '-o', 'name'])) !== ''
      },
    },
    prefix,
    signal,
  )
  return { kubeconfig, certificates, kubectl }
}

/** Where the control plane puts the proofs of who is who. */
export function certificatesFolder(folder: string): string {
  return path.join(folder, 'control-plane', 'certificates')
}

/** Runs kubectl as administrator of the cluster that the kubeconfig names. */
export function makeKubectl(
  program: string,
  kubeconfig: string,
  signal: AbortSignal,
): ControlPlane['kubectl'] {
  return (args, stdin) =>
    runCommand(program, ['kubectl', `--kubeconfig=${kubeconfig}`, ...args], {
      signal,
      timeoutMs: kubectlLimitMs,
      ...(stdin === undefined ? {} : { stdin }),
    })
}
