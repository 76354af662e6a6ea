import { connect } from 'node:net'
import type { MachineAddress } from '@leasehold/domain'
import type { ServerChannel, TcpipRequestInfo } from 'ssh2'

/** Whether a client asks for its own machine's SSH, by any of the names it may use for it. */
export function isOwnMachine({ destIP, destPort }: TcpipRequestInfo, leaseId: string): boolean {
  return destPort === 22 && (destIP === leaseId || destIP === 'machine')
}

export type Forwarding = {
  readonly address: MachineAddress
  readonly connectMs: number
  readonly accept: () => ServerChannel
  readonly reject: () => void
  /** Called once, however it ends. */
  readonly onEnd: () => void
}

/** Connects to the machine and only then accepts the channel, so that a dead machine is a refusal. Returns how to cut it. */
export function forward({ address, connectMs, accept, reject, onEnd }: Forwarding): () => void {
  const socket = connect({ host: address.host, port: address.sshPort, noDelay: true })
  socket.setTimeout(connectMs, () => socket.destroy())
  let isOpen = false
  socket.on('error', () => {})
  socket.once('connect', () => {
    socket.setTimeout(0)
    socket.setKeepAlive(true, 60_000)
    isOpen = true
    const channel = accept()
    channel.on('error', () => {})
    channel.once('close', () => socket.destroy())
    socket.once('close', () => channel.close())
    channel.pipe(socket).pipe(channel)
  })
  socket.once('close', () => {
    if (!isOpen) reject()
    onEnd()
  })
  return () => void socket.destroy()
}
