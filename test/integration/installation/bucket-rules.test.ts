import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import type { FileCredentials } from '@leasehold/contract'
import { developmentOrganizations } from '@leasehold/dev-issuer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiClient, makeApiClient } from '../../../scripts/client/api-client.ts'
import { signIn } from '../../../scripts/client/sign-in.ts'
import { addTenants } from '../support/add-tenants.ts'
import { type Installation, startInstallation } from './start-installation.ts'

const acme = (developmentOrganizations as Record<string, string>).acme
/** Told by a hint, and found by nobody else for five minutes. */
const soon = { timeout: 20_000, interval: 100 }

/** What an operator says of a tenant's bucket, by API and worker as they are deployed, on a store that limits nothing itself. */
describe('what an operator says of a bucket', () => {
  let installation: Installation
  let mia: ApiClient
  let operator: ApiClient

  beforeAll(async () => {
    installation = await startInstallation()
    const { environment } = installation
    await installation.start('api', 'api listens')
    await installation.start('worker', 'worker works')
    await addTenants(environment.DATABASE_URL ?? '')
    const open = async (person: string, port: string | undefined) =>
      makeApiClient(
        `http://127.0.0.1:${port}`,
        (await signIn(environment.OIDC_ISSUER ?? '', person, () => {})).token,
      )
    mia = await open('mia', environment.API_PORT)
    operator = await open('oscar', environment.OPERATOR_PORT)
  }, 240_000)
  afterAll(() => installation?.stop())

  const issueKey = () =>
    mia.send<FileCredentials>('POST', '/v1/files/credentials', { json: { access: 'read' } })

  async function listWith(key: FileCredentials): Promise<string> {
    const { endpoint, region, accessKeyId, secretAccessKey } = key
    const credentials = { accessKeyId, secretAccessKey }
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
    try {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: key.bucket }))
      return `sees ${Contents.length}`
    } catch (error) {
      return (error as Error).name
    } finally {
      client.destroy()
    }
  }

  it('ends its keys at once when the tenant is suspended, and gives new ones when it is not any more', async () => {
    await mia.send('PUT', '/v1/files/a.txt', { body: 'a' })
    const key = await issueKey()
    expect(await listWith(key)).toBe('sees 1')

    await operator.send('PATCH', `/v1/tenants/${acme}`, { json: { suspended: true } })
    await expect.poll(() => listWith(key), soon).toMatch(/AccessDenied|InvalidAccessKeyId/)
    await expect
      .poll(
        async () => (await mia.call('POST', '/v1/files/credentials', { json: {} })).status,
        soon,
      )
      .toBe(403)

    await operator.send('PATCH', `/v1/tenants/${acme}`, { json: { suspended: false } })
    await expect
      .poll(
        async () => (await mia.call('POST', '/v1/files/credentials', { json: {} })).status,
        soon,
      )
      .toBe(201)
    expect(await listWith(await issueKey())).toBe('sees 1')
    expect(await listWith(key)).not.toMatch(/sees/)
  }, 120_000)

  it('holds for uploads: the quota of a bucket, and each change of it', async () => {
    const limit = (gib: number) =>
      operator.send('PUT', `/v1/tenants/${acme}/quotas`, {
        json: { limits: [{ resource: 'bucket-gib', limit: gib }] },
      })
    const upload = () => mia.call('PUT', '/v1/files/b.txt', { body: 'b' })

    await limit(0)
    const refused = await upload()
    expect(refused.status, refused.text).toBe(403)
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'quota/exceeded' })
    expect((await mia.call('GET', '/v1/files/b.txt')).status).toBe(404)

    await limit(1)
    expect((await upload()).status).toBe(201)
  }, 60_000)
})
