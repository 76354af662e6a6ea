import { execFileSync, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalPlace, openLocalPlace } from './testing/local-place.ts'
import { missingParts } from './testing/real-parts.ts'
import type { Asked } from './testing/start-without-ports.ts'

const program = `${import.meta.dirname}/testing/start-without-ports.ts`
const ports = '61000-61003'
const enter =
  'ip link set lo up && echo "61000 61003" > /proc/sys/net/ipv4/ip_local_port_range && exec "$@"'

function namespacesRefused(): string {
  try {
    execFileSync('unshare', ['--net', 'sh', '-c', enter, 'sh', 'true'], { stdio: 'ignore' })
    return ''
  } catch {
    return ' (skipped: a network namespace of its own needs root and iproute2)'
  }
}

const missing = missingParts() || namespacesRefused()

describe.skipIf(missing !== '')(
  `a host without a free port${missing}`,
  { timeout: 300_000 },
  () => {
    let place: LocalPlace
    beforeAll(async () => {
      place = await openLocalPlace()
    }, 1_700_000)
    afterAll(() => place?.close())

    it('says so, leaves nothing of the machine, and starts it when ports are free again', async () => {
      const asked: Asked = { folder: place.folder, image: place.image, order: place.newOrder() }
      const command = ['sh', '-c', enter, 'sh', process.execPath, program, ports]
      const child = spawn('unshare', ['--net', ...command], { stdio: ['pipe', 'pipe', 'inherit'] })
      child.stdin.end(JSON.stringify(asked))

      expect(JSON.parse(await text(child.stdout))).toEqual({
        refusal: 'NoFreePort: No TCP port is free on 127.0.0.1 of this host.',
        left: 'absent',
        later: 'booting',
      })
    })
  },
)
