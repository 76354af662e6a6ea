import { once } from 'node:events'
import type { Socket } from 'node:net'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'

export type Letter = {
  readonly to: string
  readonly from: string
  readonly subject: string
  readonly text: string
}

export type MailServer = {
  readonly port: number
  /** Those to one address, in the order in which they came. */
  lettersTo(address: string): readonly Letter[]
  /** From now on: `refuses` answers every recipient with 550; `hangs` takes connections and says nothing. */
  behave(how: 'takes' | 'refuses' | 'hangs'): void
  stop(): Promise<void>
}

/** A mail server on loopback that keeps what it is given. No TLS, and everybody may write. */
export async function startMailServer(): Promise<MailServer> {
  const letters: Letter[] = []
  let behaviour: Parameters<MailServer['behave']>[0] = 'takes'
  const sockets = new Set<Socket>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    onConnect: (_session, done) => {
      if (behaviour !== 'hangs') done()
    },
    onRcptTo: (_address, _session, done) =>
      behaviour === 'refuses' ? done(new Error('No such mailbox')) : done(),
    onData: (stream, _session, done) => {
      const read = async () => {
        const chunks: Uint8Array[] = []
        for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk)
        const { to, from, subject, text } = await PostalMime.parse(Buffer.concat(chunks))
        const [address] = to ?? []
        letters.push({
          to: address?.address ?? '',
          from: from?.address ?? '',
          subject: subject ?? '',
          text: text ?? '',
        })
      }
      read().then(() => done(), done)
    },
  })
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const address = server.server.address()
  if (address === null || typeof address === 'string')
    throw new Error('The mail server has no port.')
  return {
    port: address.port,
    lettersTo: (to) => letters.filter((letter) => letter.to === to),
    behave: (how) => {
      behaviour = how
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
