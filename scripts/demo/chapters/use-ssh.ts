import type { Lease } from '@leasehold/contract'
import type { Tell } from '../narrator.ts'
import type { Session } from '../session.ts'

/** Runs a command in the machine through the system's own `ssh`, by the line the API gives. */
export async function useSsh({ identity }: Session, lease: Lease, tell: Tell): Promise<void> {
  const { ssh } = lease.access
  if (ssh === null) throw new Error('the ready lease has no SSH access')
  tell(`$ ${ssh.command}`)
  const remote =
    'echo "$(id -un) on $(hostname), $(. /etc/os-release; echo $PRETTY_NAME)"; nproc; uptime -p'
  const result = await identity.run(ssh.command, remote)
  if (result.code !== 0) throw new Error(`ssh ended with ${result.code}: ${result.stderr}`)
  tell(result.stdout)
}
