/** One event of a stream (WHATWG HTML, section 9.2). */
export type StreamEvent = {
  readonly id: string | null
  readonly name: string
  readonly data: string
}

/**
 * Reads server-sent events until the server closes the stream or `signal` ends it.
 * `lastEventId` resumes after that event.
 */
export async function* readEventStream(
  url: string,
  headers: Readonly<Record<string, string>>,
  lastEventId: string | null,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const response = await fetch(url, {
    headers: {
      ...headers,
      accept: 'text/event-stream',
      ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
    },
    signal,
  })
  if (response.status !== 200 || response.body === null)
    throw new Error(`GET ${url}: ${response.status} ${await response.text()}`)
  let rest = ''
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + piece).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const event = parseEvent(block)
      if (event !== null) yield event
    }
  }
}

/** Null for a block of comments only, which servers send to keep a connection open. */
function parseEvent(block: string): StreamEvent | null {
  const fields = block
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith(':'))
    .map((line) => {
      const [name = '', ...rest] = line.split(':')
      return { name, value: rest.join(':').replace(/^ /, '') }
    })
  const data = fields.filter(({ name }) => name === 'data').map(({ value }) => value)
  if (data.length === 0) return null
  const last = (wanted: string) => fields.findLast(({ name }) => name === wanted)?.value
  return { id: last('id') ?? null, name: last('event') ?? 'message', data: data.join('\n') }
}
