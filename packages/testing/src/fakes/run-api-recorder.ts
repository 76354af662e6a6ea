import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type RecordedOutput = { readonly content: Buffer; readonly sha256: string }

/** What a run is told to do, and how its platform misbehaves. */
export type RunApiPlan = {
  readonly interpreter?: string
  readonly script: string | Buffer
  readonly arguments?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly inputs?: readonly { readonly path: string; readonly content: Buffer | null }[]
  readonly outputsPath?: string
  readonly heartbeatSeconds?: number
  /** Past so many bytes of log nothing more is taken, as the real log store does. */
  readonly maxLogBytes?: number
  /** Called before every request; an answer from here replaces the real one. */
  readonly fault?: (request: IncomingMessage, count: number) => 'drop' | number | null
}

export type Finish = {
  readonly exit: { readonly code: number | null; readonly signal: string | null }
  readonly failure: string | null
  readonly detail: string | null
}

/** What one agent sent to the run API. */
export type RunApiRecorder = {
  readonly credential: string
  readonly requests: readonly string[]
  readonly outputs: ReadonlyMap<string, RecordedOutput>
  readonly heartbeats: readonly { fraction: number; text: string }[]
  readonly finish: Finish | null
  log(): Buffer
  askToStop(): void
  killCredential(): void
  /** Resolves once `seen` holds; checked after every request. Fails at the deadline with the requests so far. */
  until(seen: () => boolean, what: string, deadlineMs?: number): Promise<void>
}

/** A run API over real HTTP, on a free port of this host. */
export type RunApiStandIn = {
  readonly port: number
  readonly url: string
  /** Expects one more run, known by a credential of its own. */
  expectRun(plan: RunApiPlan): RunApiRecorder
  close(): Promise<void>
}

/** `host`: the address that agents reach us at; the loopback unless they run elsewhere. */
export async function startRunApi(host = '127.0.0.1'): Promise<RunApiStandIn> {
  const runs = new Map<string, Recording>()
  const server = createServer((request, response) => {
    const recording = runs.get(request.headers.authorization ?? '')
    if (recording === undefined) response.writeHead(401).end('{}')
    else
      recording.answer(request, response).catch((error: Error) => {
        // An agent whose machine is destroyed goes in the middle of what it says.
        if (request.complete) throw error
      })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://${host}:${port}`,
    expectRun: (plan) => {
      const recording = new Recording(plan, `run-credential-${randomBytes(16).toString('hex')}`)
      runs.set(`Bearer ${recording.credential}`, recording)
      return recording
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

class Recording implements RunApiRecorder {
  readonly requests: string[] = []
  readonly outputs = new Map<string, RecordedOutput>()
  readonly heartbeats: { fraction: number; text: string }[] = []
  finish: Finish | null = null
  readonly credential: string
  readonly #plan: RunApiPlan
  readonly #watchers = new Set<() => void>()
  #log = Buffer.alloc(0)
  #instance: string | null = null
  #stopping = false
  #dead = false

  constructor(plan: RunApiPlan, credential: string) {
    this.#plan = plan
    this.credential = credential
  }

  log(): Buffer {
    return this.#log
  }

  askToStop(): void {
    this.#stopping = true
  }

  killCredential(): void {
    this.#dead = true
  }

  until(seen: () => boolean, what: string, deadlineMs = 20_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(check)
        const told = `${this.requests.slice(-20).join('\n')}\n${this.#log.toString().slice(-2_000)}`
        reject(new Error(`not within ${deadlineMs} ms: ${what}\n${told}`))
      }, deadlineMs)
      const check = () => {
        if (!seen()) return
        clearTimeout(timer)
        this.#watchers.delete(check)
        resolve()
      }
      this.#watchers.add(check)
      check()
    })
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`)
    const fault = this.#plan.fault?.(request, this.requests.length) ?? null
    const body = fault === 'drop' ? Buffer.alloc(0) : await readAll(request)
    if (fault === 'drop') request.socket.destroy()
    else if (fault !== null) response.writeHead(fault).end()
    else if (this.#dead) response.writeHead(401).end('{}')
    else this.#route(request, body, response)
    for (const check of [...this.#watchers]) check()
  }

  #route(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://platform')
    const [, , , operation = '', ...rest] = url.pathname.split('/')
    const json = (value: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    switch (`${request.method} ${operation}`) {
      case 'POST begin':
        if (!this.#isFirst(body)) return void response.writeHead(409).end('{}')
        return void json(this.#begin())
      case 'GET script':
        return void response.end(this.#plan.script)
      case 'GET inputs': {
        const content = this.#plan.inputs?.[Number(rest[0])]?.content ?? null
        return void (content === null ? response.writeHead(404).end() : response.end(content))
      }
      case 'POST log':
        return void json({ length: this.#append(Number(url.searchParams.get('offset')), body) })
      case 'POST heartbeat': {
        const { progress } = JSON.parse(body.toString())
        if (progress !== null) this.heartbeats.push(progress)
        return void json({ do: this.#stopping ? 'stop' : 'continue', reason: null })
      }
      case 'PUT outputs':
        return void this.#store(decodeURIComponent(rest.join('/')), body, request, response)
      case 'POST finish':
        this.finish = JSON.parse(body.toString())
        return void response.writeHead(204).end()
      default:
        return void response.writeHead(404).end()
    }
  }

  /** As the run API does: a second agent for a run that has begun is turned away. */
  #isFirst(body: Buffer): boolean {
    const { instance = null } = JSON.parse(body.toString())
    this.#instance ??= instance
    return this.#instance === instance
  }

  #begin() {
    return {
      taskId: 'tsk_test',
      attempt: 1,
      interpreter: this.#plan.interpreter ?? '/bin/sh',
      arguments: this.#plan.arguments ?? [],
      environment: this.#plan.environment ?? {},
      inputs: (this.#plan.inputs ?? []).map(({ path, content }, index) => {
        return { index, path, sizeBytes: content?.length ?? 1 }
      }),
      outputsPath: this.#plan.outputsPath ?? 'outputs',
      heartbeatSeconds: this.#plan.heartbeatSeconds ?? 1,
      now: new Date().toISOString(),
    }
  }

  /** As the port promises: known bytes are skipped, a gap is refused by telling the length so far. */
  #append(offset: number, bytes: Buffer): number {
    if (offset > this.#log.length) return this.#log.length
    const fresh = bytes.subarray(this.#log.length - offset)
    const room = (this.#plan.maxLogBytes ?? Number.POSITIVE_INFINITY) - this.#log.length
    this.#log = Buffer.concat([this.#log, fresh.subarray(0, Math.max(0, room))])
    return this.#log.length
  }

  #store(path: string, body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const sha256 = createHash('sha256').update(body).digest('hex')
    const whole = Number(request.headers['content-length']) === body.length
    if (!whole || sha256 !== request.headers['leasehold-sha256'])
      return void response.writeHead(422).end()
    this.outputs.set(path, { content: body, sha256 })
    response.writeHead(201).end()
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces)
}
