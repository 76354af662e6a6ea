import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signIn } from '../../../scripts/client/sign-in.ts'
import { newPublicKey } from '../support/ssh-keys.ts'
import { target } from '../support/target.ts'

const root = resolve(import.meta.dirname, '../../..')
const run = promisify(execFile)
const limits = { timeout: 120_000, maxBuffer: 16 * 1_048_576 }

/** What somebody writes who has the document and a generator, and nothing else of ours. */
const program = `
import { Api, type HttpResponse, type Lease, type Problem } from './client.ts'

const [baseUrl = '', publicKey = ''] = process.argv.slice(2)
const api = new Api<string>({
  baseUrl,
  securityWorker: (token) => ({ headers: { authorization: \`Bearer \${token}\` } }),
})
api.setSecurityData(process.env.TOKEN ?? '')

const { data: me } = await api.v1.getMe()
const { data: types } = await api.v1.listMachineTypes()
const { data: key } = await api.v1.addSshKey({ name: 'generated', publicKey })
const { data: keys } = await api.v1.listSshKeys()
await api.v1.removeSshKey(key.id)
const gone = await refusalOf(() => api.v1.getMachineType('no-such-type'))
const { data: leases } = await api.v1.listLeases({ limit: 1, state: ['released'] })
const states: Lease['state'][] = leases.items.map(({ state }) => state)
// @ts-expect-error: the document says which states there are.
const wrong: Lease['state'] = 'asleep'

async function refusalOf(ask: () => Promise<unknown>): Promise<Problem> {
  try {
    await ask()
  } catch (answer) {
    return (answer as HttpResponse<unknown, Problem>).error
  }
  throw new Error('It was not refused.')
}

process.stdout.write(
  JSON.stringify({
    subject: me.subject,
    types: types.items.map(({ name }) => name),
    isListed: keys.items.some(({ id }) => id === key.id),
    gone: [gone.status, gone.code],
    states,
    wrong,
  }),
)
`

describe('a client generated from docs/openapi.json', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'generated-client-'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    const generator = join(root, 'node_modules/swagger-typescript-api/dist/cli.mjs')
    const document = join(root, 'docs/openapi.json')
    const args = ['generate', '--path', document, '--output', folder, '--name', 'client.ts']
    await run(process.execPath, [generator, ...args], limits)
    await writeFile(join(folder, 'program.ts'), program)
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('type-checks strictly, and speaks with the running platform', async () => {
    const { api, issuer } = target()
    const { token } = await signIn(issuer, 'mia', () => {})
    const options = [
      ...['--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node'],
      ...['--rewriteRelativeImportExtensions', '--outDir', 'built'],
    ]
    const compiler = join(root, 'node_modules/.bin/tsc')

    await run(compiler, [...options, 'program.ts'], { ...limits, cwd: folder })
    const { stdout } = await run(process.execPath, ['built/program.js', api, newPublicKey()], {
      ...limits,
      cwd: folder,
      env: { TOKEN: await token() },
    })

    expect(JSON.parse(stdout)).toMatchObject({
      types: expect.arrayContaining(['tiny']),
      isListed: true,
      gone: [404, 'machine-type/not-found'],
    })
  })
})
