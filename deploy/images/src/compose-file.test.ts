import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describeSettings, loadConfig } from '@leasehold/config'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { environmentOf, instructionsOf, readCompose, root } from './compose-document.ts'

const compose = readCompose()
const own = Object.entries(compose.services).filter(([, { build }]) => build !== undefined)
/** Those of ours of which there is something to look at. */
const publishing = own.filter(([, { ports = [] }]) => ports.length > 0)
const readingFiles = own.filter(([, { environment = {} }]) =>
  Object.keys(environment).some((name) => name.endsWith('_FILE')),
)
const servers = ['api', 'worker', 'gateway']
let secrets: string

beforeAll(() => {
  secrets = mkdtempSync(join(tmpdir(), 'compose-secrets-'))
  makeSecrets()
})
afterAll(() => rmSync(secrets, { recursive: true }))

function makeSecrets(): void {
  execFileSync('sh', [join(root, 'deploy/compose/make-secrets.sh'), secrets], { stdio: 'pipe' })
}

/** What an app reads in its container: the image's environment, then the service's, and its mounted files. */
function configOf(name: string) {
  const environment = { ...environmentOf(name), ...compose.services[name]?.environment }
  return loadConfig(environment, (path) =>
    readFileSync(
      path === '/etc/leasehold/pools.yaml'
        ? join(root, 'deploy/compose/pools.yaml')
        : join(secrets, basename(path)),
      'utf8',
    ),
  )
}

describe('docker-compose.yml', () => {
  it('is valid by the schema of the Compose Specification', () => {
    const schema = JSON.parse(
      readFileSync(join(import.meta.dirname, 'schema/compose-spec.json'), 'utf8'),
    )
    const { $schema: _unknownToAjv, ...rest } = schema
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(rest)

    expect(validate(compose) ? [] : validate.errors).toEqual([])
    expect(validate({ services: { api: { portz: [] } } })).toBe(false)
  })

  it('has a service for every app and every part', () => {
    expect(Object.keys(compose.services).sort()).toEqual(
      [...servers, 'doctor', 'keycloak', 'migrations', 'postgres', 'redis', 's3'].sort(),
    )
  })

  it.each(own)('gives %s only settings that exist', (name, { environment = {} }) => {
    const settings = describeSettings()
    const known = new Set(
      settings.flatMap((one) => (one.secret ? [one.name, `${one.name}_FILE`] : [one.name])),
    )
    const images = ['NODE_ENV', 'NODE_COMPILE_CACHE', 'NODE_OPTIONS', 'MALLOC_ARENA_MAX']
    const given = Object.keys({ ...environmentOf(name), ...environment })

    expect(given.filter((one) => !known.has(one as never) && !images.includes(one))).toEqual([])
  })

  it.each(own)('gives %s a configuration that it accepts, with servers of its own', (name) => {
    const config = configOf(name)

    expect(config.database.kind).toBe('external')
    if (name !== 'gateway') expect(config.queue.kind).toBe('redis')
    if (name !== 'migrations') expect(config.pools.clusters).toHaveLength(1)
    expect(config.stateFolder).toBe('/var/lib/leasehold')
  })

  it.each(servers)('asks %s for its health where it listens', (name) => {
    const { api, worker, gateway } = configOf(name)
    const listener = { api, worker, gateway }[name] ?? api
    const check = instructionsOf(name).findLast((one) => one.name === 'HEALTHCHECK')
    const [, script, port, path] = JSON.parse(check?.text.replace(/^.*CMD /, '') ?? '[]')

    expect([port, path]).toEqual([String(listener.port), '/livez'])
    expect(existsSync(join(root, script))).toBe(true)
    expect(listener.host).toBe('0.0.0.0')
  })

  it('lets the doctor ask each app in its own container', () => {
    const { api, operator, worker, gateway } = configOf('doctor')
    const asked = { api, operator, worker, gateway }

    expect(Object.values(asked).map(({ host }) => host)).toEqual([
      'api',
      'api',
      'worker',
      'gateway',
    ])
    expect(gateway.sshHost).toBe('gateway')
    for (const [name, { port }] of Object.entries(asked)) {
      const { [name as keyof typeof asked]: served } = configOf(name === 'operator' ? 'api' : name)
      expect(port, name).toBe(served.port)
    }
  })

  it.each(['api', 'worker', 'gateway', 'doctor'])('gives %s a state folder to write to', (name) => {
    const { stateFolder } = configOf(name)
    const folders = compose.services[name]?.volumes?.map((volume) => volume.split(':')[1])

    expect(folders).toEqual([stateFolder])
  })

  it.each(own)('starts %s by a program that exists', (name) => {
    const start = instructionsOf(name).findLast(({ name: is }) => /^(CMD|ENTRYPOINT)$/.test(is))
    const [node, program] = JSON.parse(start?.text ?? '[]')

    expect(node).toBe('node')
    expect(program).toBe(`apps/${name}/src/main.ts`)
    expect(existsSync(join(root, program))).toBe(true)
  })

  it.each(publishing)('publishes ports of %s that its image exposes', (name, { ports = [] }) => {
    const exposed = instructionsOf(name)
      .filter((one) => one.name === 'EXPOSE')
      .flatMap(({ text }) => text.split(' '))

    for (const port of ports) expect(exposed).toContain(port.split(':').at(-1))
  })

  it('exposes each port an app listens on', () => {
    const { api, operator, runApi, gateway, worker } = configOf('api')
    const exposes = (name: string) =>
      instructionsOf(name)
        .find((one) => one.name === 'EXPOSE')
        ?.text.split(' ')
        .map(Number)

    expect(exposes('api')).toEqual([api.port, operator.port, runApi.port])
    expect(exposes('gateway')).toEqual([gateway.port, gateway.sshPort])
    expect(exposes('worker')).toEqual([worker.port])
  })

  it('leads links and keys of buckets to where the object store is published, with a key to encrypt with', () => {
    const { objectStore } = configOf('api')
    const store = compose.services.s3

    expect(objectStore).toMatchObject({
      endpoint: 'http://s3:8333',
      publicEndpoint: 'http://localhost:8333',
    })
    expect(store?.ports).toEqual(['8333:8333'])
    expect(store?.networks).toContain('outside')
    const start = readFileSync(join(root, 'deploy/compose/start-object-store.sh'), 'utf8')
    for (const [, name] of start.matchAll(/\$secrets\/([a-z0-9-]+)/g))
      expect(store?.secrets).toContain(name)
    expect(start).toContain('WEED_S3_SSE_KEK')
  })

  it('lets the pages use the API and the buckets that the same setting names', () => {
    for (const name of ['api', 'worker'])
      expect(compose.services[name]?.environment?.API_CORS_ORIGINS, name).toBe('')
    expect(configOf('api').edge.corsOrigins).toEqual([])
  })

  it('connects as a role that is not the administrator of the database', () => {
    const { postgres } = compose.services
    const { database } = configOf('api')
    const user = database.kind === 'external' ? new URL(database.url).username : null

    expect(user).toBe('leasehold')
    expect(postgres?.environment?.POSTGRES_USER).toBe('postgres')
    const script = readFileSync(join(root, 'deploy/compose/make-databases.sh'), 'utf8')
    for (const [, name] of script.matchAll(/\$SECRETS\/([a-z0-9-]+)/g))
      expect(postgres?.secrets).toContain(name)
  })

  it('keeps operators, databases and consoles off the network', () => {
    const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
      ports.filter((port) => !port.startsWith('127.0.0.1:')).map((port) => `${name} ${port}`),
    )

    expect(published).toEqual([
      ...[
        's3 8333:8333',
        'api 8080:8080',
        'api 8083:8083',
        'gateway 8082:8082',
        'gateway 2222:2222',
      ],
    ])
  })

  it.each(own)('runs %s with a read-only root, as nobody special', (name, service) => {
    expect(service.read_only).toBe(true)
    expect(service.cap_drop).toEqual(['ALL'])
    expect(instructionsOf(name).findLast((one) => one.name === 'USER')?.text).toBe('1000:1000')
  })

  it('mounts only secrets that the script makes, and files that exist', () => {
    const made = readdirSync(secrets).sort()
    const mounted = Object.values(compose.secrets).map(({ file }) => basename(file))
    expect([...mounted].sort()).toEqual(made)
    for (const { secrets: used = [] } of Object.values(compose.services))
      for (const name of used) expect(compose.secrets[name], name).toBeDefined()

    const bound = Object.values(compose.services)
      .flatMap(({ volumes = [] }) => volumes)
      .map((volume) => volume.split(':')[0] ?? '')
    for (const source of bound)
      if (source.startsWith('./')) expect(existsSync(join(root, source)), source).toBe(true)
      else expect(Object.keys(compose.volumes)).toContain(source)
  })

  it.each(readingFiles)('mounts every file that a setting of %s names', (_name, service) => {
    const files = Object.entries(service.environment ?? {})
      .filter(([name]) => name.endsWith('_FILE'))
      .map(([, path]) => basename(path))

    for (const file of files) expect(service.secrets).toContain(file)
  })
})

describe('make-secrets.sh', () => {
  it('makes different secrets once, in a folder of its owner alone', () => {
    const read = () =>
      Object.fromEntries(
        readdirSync(secrets).map((name) => [name, readFileSync(join(secrets, name), 'utf8')]),
      )
    const first = read()
    makeSecrets()

    expect(read()).toEqual(first)
    const random = Object.values(first).filter((value) => /^[0-9a-f]{64}$/.test(value))
    expect(new Set(random).size).toBe(10)
    expect(statSync(secrets).mode & 0o777).toBe(0o700)
  })
})
