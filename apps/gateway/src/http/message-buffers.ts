import type { WebSocket } from 'ws'

/**
 * The proxy passes messages on without asking whether the other side keeps up. A side that does not
 * read would fill our memory with what the other one sends, so past `maxBytes` both are cut.
 */
export function makeBufferGuards(maxBytes: number) {
  const cutWhenFull = (from: WebSocket, to: WebSocket) => {
    if (to.bufferedAmount <= maxBytes) return
    from.terminate()
    to.terminate()
  }
  return {
    onIncomingMessage: (_context: object, source: WebSocket, target: WebSocket) => {
      if (target.readyState === target.CONNECTING) holdUntilOpen(source, target)
      cutWhenFull(source, target)
    },
    onOutgoingMessage: (_context: object, source: WebSocket, target: WebSocket) =>
      cutWhenFull(target, source),
  }
}

/** Messages that come before the machine has answered are not read rather than kept. */
function holdUntilOpen(source: WebSocket, target: WebSocket): void {
  if (source.isPaused) return
  source.pause()
  // What had been received already still comes, and the proxy listens once per message.
  target.setMaxListeners(0)
  const resume = () => source.resume()
  target.once('open', resume).once('close', resume)
}
