import { randomBytes } from 'node:crypto'
import type { FileDownload, Me, Tenant } from '@leasehold/contract'
import { signInByCode } from '@leasehold/dev-issuer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCompose } from '../../../deploy/images/src/compose-document.ts'
import { type ApiClient, makeApiClient } from '../../../scripts/client/api-client.ts'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { type ComposeProject, findEngine, openComposeProject } from './compose-project.ts'
import { createPeople } from './keycloak-people.ts'

const missing = await findEngine()
const upMs = 1_500_000
const keycloak = 'http://localhost:8180'
const issuer = `${keycloak}/realms/leasehold`
const password = () => randomBytes(18).toString('base64url')
const operator = { userName: 'oscar', email: 'oscar@operators.example', password: password() }
const owner = { userName: 'olivia', email: 'olivia@acme.example', password: password() }

/** docker-compose.yml on a real engine, by the steps of docs/operate/installation.md. */
describe.skipIf(missing !== null)(
  `docker compose up${missing === null ? '' : ` (skipped: ${missing})`}`,
  { timeout: upMs },
  () => {
    let project: ComposeProject
    const file = randomBytes(3_000_000)

    beforeAll(async () => {
      project = await openComposeProject(AbortSignal.timeout(4 * upMs))
      await project.compose('up', '--build', '--wait')
    }, 2 * upMs)
    afterAll(async () => {
      await project?.close()
    }, 300_000)

    const apiOf = (base: string, { userName, password }: typeof owner): ApiClient =>
      makeApiClient(base, async () => (await signInByCode(issuer, userName, password)).accessToken)
    const tenantApi = () => apiOf('http://localhost:8080', owner)
    const states = async () =>
      Object.fromEntries(
        (await project.compose('ps', '--all', '--format', '{{.Service}} {{.Status}}'))
          .trim()
          .split('\n')
          .map((line) => [line.split(' ')[0], line]),
      )

    /** A `wait` is over when all are healthy; the stores' own connections come back in the moments after. */
    async function expectFileToBeThere(): Promise<void> {
      const download = async () => {
        const { downloadUrl } = await tenantApi().get<FileDownload>('/v1/files/kept.bin')
        const body = Buffer.from(await (await fetch(downloadUrl)).arrayBuffer())
        return body.equals(file) ? 'the same' : `${body.length} other bytes`
      }
      await waitFor(
        'the file',
        () => download().catch(String),
        (seen) => seen === 'the same',
        { withinMs: 120_000 },
      )
    }

    it('waits until every server is healthy and the migrations have run', async () => {
      const { migrations, ...servers } = await states()

      expect(migrations).toContain('Exited (0)')
      const expected = Object.keys(readCompose().services).filter(
        (name) => name !== 'migrations' && name !== 'doctor',
      )
      expect(Object.keys(servers).sort()).toEqual(expected.sort())
      for (const state of Object.values(servers)) expect(state).toContain('(healthy)')
    })

    it('has a doctor that finds nothing wrong but the cluster that nobody has given it', async () => {
      const said = await project
        .compose('run', '--rm', '--no-TTY', 'doctor', '--json')
        .catch((error: { stdout: string }) => error.stdout)
      const findings = JSON.parse(said).findings as {
        part: string
        verdict: string
        says: string
      }[]

      const problems = findings.filter(({ verdict }) => verdict === 'problem')
      expect(problems.map(({ part, says }) => `${part}: ${says}`)).toEqual([
        expect.stringContaining('cluster-1'),
      ])
    })

    it('lets the first operator, the first tenant and its first file in', async () => {
      const people = [{ ...operator, realmRole: 'operator' }, owner]
      await createPeople(keycloak, await project.secret('keycloak-admin-password'), people)
      const operators = apiOf('http://localhost:8081', operator)
      const json = { slug: 'acme', name: 'Acme', tier: 'dev' }
      const { id } = await operators.send<Tenant>('POST', '/v1/tenants', { json })
      const member = { email: owner.email, role: 'owner' }
      await operators.send('POST', `/v1/tenants/${id}/people`, { json: member })

      const me = await tenantApi().get<Me>('/v1/me')
      expect(me.tenant).toMatchObject({ id, slug: 'acme' })
      await tenantApi().send('PUT', '/v1/files/kept.bin', { body: file })
      await expectFileToBeThere()
    })

    it('keeps everything through a restart', async () => {
      await project.compose('restart')
      await project.compose('up', '--wait')

      await expectFileToBeThere()
    })

    it('keeps everything when its containers are removed and made anew', async () => {
      await project.compose('down')
      expect(await project.leftovers()).not.toEqual([])
      await project.compose('up', '--wait')

      await expectFileToBeThere()
    })

    it('leaves nothing when its volumes are removed, too', async () => {
      await project.compose('down', '--volumes')

      expect(await project.leftovers()).toEqual([])
    })
  },
)
