import { createHash } from 'node:crypto'
import type { FileDownload, FileObject, LogChunk, Task } from '@leasehold/contract'
import { readEventStream } from '../../client/event-stream.ts'
import { waitFor } from '../../client/wait-for.ts'
import type { Tell } from '../narrator.ts'
import type { Session } from '../session.ts'

const taskLimitMs = 900_000

const script = `import csv, json, os, time
rows = list(csv.DictReader(open("data/points.csv")))
total = 0
for number, row in enumerate(rows, 1):
    total += int(row["x"]) * int(row["y"])
    if number % 25 == 0:
        print(f"::progress {number / len(rows):.2f} row {number} of {len(rows)}", flush=True)
        print(f"after {number} rows: {total}", flush=True)
        time.sleep(0.3)
os.makedirs("outputs", exist_ok=True)
with open("outputs/result.json", "w") as file:
    json.dump({"rows": len(rows), "total": total, "greeting": os.environ["GREETING"]}, file)
`

/** Uploads a script and its data and submits a task that works on them. */
export async function submitTask({ renter }: Session, tell: Tell): Promise<Task> {
  const rows = Array.from({ length: 100 }, (_, n) => `${n},${n * 3}`)
  await upload(renter, 'tour/points.csv', `x,y\n${rows.join('\n')}\n`, tell)
  await upload(renter, 'tour/sum.py', script, tell)
  const task = await renter.send<Task>('POST', '/v1/tasks', {
    json: {
      name: 'tour',
      framework: 'python',
      scriptPath: 'tour/sum.py',
      inputs: [{ from: 'tour/points.csv', path: 'data/points.csv' }],
      outputsPath: 'outputs',
      environment: { GREETING: 'hello from the tour' },
      machineType: 'tiny',
      timeLimitSeconds: 600,
    },
  })
  tell(`${task.id} is ${task.state}`)
  return task
}

async function upload(
  renter: Session['renter'],
  path: string,
  text: string,
  tell: Tell,
): Promise<void> {
  const digest = createHash('sha256').update(text).digest('base64')
  const file = await renter.send<FileObject>('PUT', `/v1/files/${path}`, {
    body: text,
    headers: {
      'content-type': 'application/octet-stream',
      'content-digest': `sha-256=:${digest}:`,
    },
  })
  tell(`uploaded ${file.path}, ${file.sizeBytes} bytes, SHA-256 checked`)
}

/** Follows the task's output live until it ends, and gives the ended task. */
export async function followTask({ renter }: Session, task: Task, tell: Tell): Promise<Task> {
  const url = `${renter.baseUrl}/v1/tasks/${task.id}/log/stream`
  const headers = await renter.authorization()
  for await (const event of readEventStream(url, headers, null, AbortSignal.timeout(taskLimitMs))) {
    if (event.name === 'end') break
    if (event.name === 'log') tell((JSON.parse(event.data) as LogChunk).text)
  }
  const ended = await waitFor(
    'the end of the task',
    () => renter.get<Task>(`/v1/tasks/${task.id}`),
    ({ endedAt }) => endedAt !== null,
    { withinMs: 120_000 },
  )
  tell(`${ended.state} (${ended.reason}), exit code ${ended.exit?.code}`)
  if (ended.state !== 'succeeded') throw new Error(`the task ${ended.state}: ${ended.reason}`)
  return ended
}

/** Downloads the result by its presigned link, without a token, and checks its SHA-256 and content. */
export async function downloadResult({ renter }: Session, task: Task, tell: Tell): Promise<void> {
  const listed = await renter.get<{ readonly items: readonly FileObject[] }>(
    `/v1/tasks/${task.id}/outputs`,
  )
  tell(`outputs: ${listed.items.map(({ path }) => path).join(', ')}`)
  const found = listed.items.find(({ path }) => path.endsWith('result.json'))
  if (found === undefined) throw new Error('result.json is not among the outputs')
  const file = await renter.get<FileDownload>(`/v1/files/${found.path}`)
  const response = await fetch(file.downloadUrl, { signal: AbortSignal.timeout(30_000) })
  const bytes = Buffer.from(await response.arrayBuffer())
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (response.status !== 200 || sha256 !== file.sha256)
    throw new Error(`downloaded ${response.status}, SHA-256 ${sha256}, the API says ${file.sha256}`)
  tell(`SHA-256 ${sha256} as promised`)
  tell(bytes.toString('utf8'))
  const { total } = JSON.parse(bytes.toString('utf8')) as { readonly total: number }
  if (total !== 985_050) throw new Error(`the result is wrong: ${total}`)
}
