import { chmod, rm } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freshCheckout, lockOf } from './fresh-checkout.ts'

async function checkout(missing: readonly string[] = []) {
  const made = await freshCheckout(missing)
  onTestFinished(() => rm(path.dirname(made.folder), { recursive: true }))
  return made
}

describe('the set-up', () => {
  it('prepares what is missing, then hands over arguments and exit code', async () => {
    const { run, calls } = await checkout()

    const { code, output } = await run(['test', '--', 'fail', 'a b'])

    expect({ code, output }).toMatchObject({ code: 7 })
    expect(await calls()).toEqual([
      'scripts/generate-prisma-client.ts',
      'scripts/ensure-guest-image.ts',
      'scripts/run-tests.ts fail a b',
    ])
  })

  it('does at the second time only what may have changed', async () => {
    const { run, calls } = await checkout()
    await run(['test'])

    await run(['test'])

    const all = await calls()
    expect(all.filter((call) => call.includes('generate'))).toHaveLength(1)
    expect(all.filter((call) => call.includes('run-tests'))).toHaveLength(2)
  })

  it('generates the client again when the schema changed', async () => {
    const { run, calls, write } = await checkout()
    await run(['test'])
    await write('prisma/schema.prisma', '// two')

    await run(['test'])

    expect((await calls()).filter((call) => call.includes('generate'))).toHaveLength(2)
  })

  it('installs packages when the lockfile asks for others than are there', async () => {
    const { run, calls, write } = await checkout()
    await write('package-lock.json', lockOf('2.0.0'))

    await run(['test'])
    await run(['test'])

    const installs = (await calls()).filter((call) => call.startsWith('npm '))
    expect(installs).toEqual([expect.stringContaining('npm ci --ignore-scripts')])
  })

  it('does each step once when it is started twice at the same time', async () => {
    const { run, calls } = await checkout()

    const runs = await Promise.all([run(['test']), run(['test']), run(['test'])])

    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0])
    expect((await calls()).filter((call) => call.includes('generate'))).toHaveLength(1)
  })

  it('takes over the lock of a set-up that was killed', async () => {
    const { run, write } = await checkout()
    await write('.cache/bootstrap.lock', '4194305')

    expect(await run(['test'])).toMatchObject({ code: 0 })
  })

  it('passes a given image on', async () => {
    const { run, calls } = await checkout()

    await run(['test', '--image', '/some where/cloud.qcow2'])

    expect(await calls()).toContain('scripts/ensure-guest-image.ts --image /some where/cloud.qcow2')
  })

  it.skipIf(process.getuid?.() !== 0)('installs Debian packages as root', async () => {
    const { run, calls } = await checkout(['qemu-img', 'genisoimage'])

    expect(await run(['test'])).toMatchObject({ code: 0 })
    expect(await calls()).toContain(
      'apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends qemu-utils genisoimage',
    )
  })

  it('tells others than root the one line that installs Debian packages', async () => {
    const { run, folder } = await checkout(['qemu-img', 'genisoimage'])
    await chmod(path.dirname(folder), 0o777)
    await chmod(folder, 0o777)
    const isRoot = process.getuid?.() === 0

    const { code, output } = await run(['prepare'], isRoot ? { uid: 65_534 } : undefined)

    expect(code).toBe(1)
    expect(output).toContain(
      "sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends qemu-utils genisoimage'",
    )
  })

  it('says which wishes there are', async () => {
    const { run } = await checkout()

    expect(await run(['tset'])).toEqual({
      code: 2,
      output: 'Say one of: demo, start, dev, test, bench, cluster, services, prepare.\n',
    })
  })
})
