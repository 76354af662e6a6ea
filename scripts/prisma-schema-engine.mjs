#!/usr/bin/env node
/**
 * Prisma's schema engine without the native binary that Prisma would download.
 *
 * The Prisma command line starts a "schema engine" and talks JSON-RPC 2.0 with it, one message per
 * line over stdin and stdout. This program speaks the same protocol on top of the WebAssembly build of
 * that engine (`@prisma/schema-engine-wasm`) and `@prisma/adapter-pg`. Point
 * `PRISMA_SCHEMA_ENGINE_BINARY` at this file and generate, migrate dev, deploy, diff, status and
 * resolve work offline. For developers and CI: the platform itself migrates with `migrateDatabase`.
 *
 *   prisma-schema-engine.mjs [--datamodels FILES] [--datasource JSON]           JSON-RPC until stdin ends
 *   prisma-schema-engine.mjs --datasource JSON cli can-connect-to-database | create-database | drop-database
 */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import readline from 'node:readline'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'

const require = createRequire(import.meta.url)
const argv = process.argv.slice(2)
const datasource = JSON.parse(argumentOf('--datasource') ?? '{}')

/** Where the WebAssembly build leaves the words of a panic; what it throws says only "unreachable". */
let panic = null
globalThis.PRISMA_WASM_PANIC_REGISTRY = {
  set_message(message) {
    panic = message
  },
}

const cliAt = argv.indexOf('cli')
if (cliAt >= 0) await runDatabaseCommand(argv[cliAt + 1])
else await answerRequests()

async function runDatabaseCommand(command) {
  const name = datasource.url && new URL(datasource.url).pathname.slice(1)
  try {
    if (command === 'can-connect-to-database')
      await withClient(datasource.url, undefined, (client) => client.query('SELECT 1'))
    else if (command === 'create-database')
      await withClient(datasource.url, 'postgres', (client) =>
        client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`),
      )
    else if (command === 'drop-database')
      await withClient(datasource.url, 'postgres', (client) =>
        client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
      )
    else throw new Error(`unknown command: cli ${command}`)
    log('INFO', 'ok')
    process.exit(0)
  } catch (error) {
    const known = { '3D000': 'P1003', '28P01': 'P1000' }
    log('ERROR', error.message || String(error.code), {
      error_code: known[error.code] ?? 'P1001',
      is_panic: false,
    })
    process.exit(1)
  }
}

async function answerRequests() {
  let previous = Promise.resolve()
  // A panic is thrown from inside the engine's own promises, and what it was asked never gets an answer.
  process.on('uncaughtException', (error) => {
    sendError(answering, error)
    process.exitCode = 1
    process.stdin.destroy()
  })
  const lines = readline.createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    if (line.trim() === '') return
    const message = JSON.parse(line)
    if (!message.method) return
    previous = previous.then(() => answer(message))
  })
  lines.on('close', () => previous.then(() => process.exit(0)))
}

let opening
let answering = null

async function answer({ id, method, params }) {
  answering = id
  try {
    // Opened by the first request, so that a database that is not there becomes its answer.
    opening ??= openEngine()
    const engine = await opening
    const name = method === 'getDatabaseVersion' ? 'version' : method
    if (typeof engine[name] !== 'function') throw new Error(`method not supported: ${method}`)
    let result = await engine[name](params)
    // The native engine prints a diff by a request of its own before it answers.
    if (method === 'diff' && result?.stdout != null) {
      const content = result.stdout
      send({ jsonrpc: '2.0', id: 1_000 + id, method: 'print', params: { content } })
      result = { ...result, stdout: null }
    }
    send({ jsonrpc: '2.0', id, result: result ?? null })
  } catch (error) {
    sendError(id, error)
  }
}

function sendError(id, error) {
  const data = {
    is_panic: panic !== null,
    message: panic ?? String(error.message),
    error_code: error.code?.startsWith?.('P') ? error.code : undefined,
    meta: error.meta ?? null,
    backtrace: null,
  }
  const words = 'An error happened. Check the data field for details.'
  send({ jsonrpc: '2.0', id, error: { code: 4466, message: words, data } })
}

async function openEngine() {
  const folder = path.dirname(require.resolve('@prisma/schema-engine-wasm'))
  const code = fs.readFileSync(path.join(folder, 'schema_engine_bg.wasm'))
  const instance = await WebAssembly.instantiate(await WebAssembly.compile(code), {
    './schema_engine_bg.js': bindings,
  })
  bindings.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()

  const datamodels = argumentOf('--datamodels')
    ?.split(',')
    .map((file) => [file, fs.readFileSync(file, 'utf8')])
  const url = datasource.url ?? 'postgresql://nobody@127.0.0.1:1/none'
  const factory = bindMigrationAwareSqlAdapterFactory(adapterFactory(url))
  return bindings.SchemaEngine.new({ datamodels }, () => {}, factory)
}

function adapterFactory(url) {
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => connect(url, new URL(url).searchParams.get('schema') ?? undefined),
    connectToShadowDb: () =>
      datasource.shadowDatabaseUrl
        ? connect(datasource.shadowDatabaseUrl)
        : connectToNewShadow(url),
  }
}

/** Prisma's adapter, mended in two places where version 7.10.0 falls short of what the engine asks of it. */
async function connect(url, schema, database) {
  const adapter = await new PrismaPg(connectionTo(url, database), { schema }).connect()
  sendScriptsWhole(adapter)
  readCatalogueCharacters(adapter)
  return adapter
}

/** It cuts a script at every semicolon, those in comments and function bodies too. */
function sendScriptsWhole(adapter) {
  adapter.executeScript = async (script) => {
    try {
      await adapter.client.query(script)
    } catch (error) {
      adapter.onError(error)
    }
  }
}

/** It refuses PostgreSQL's internal type "char", and the engine accepts nothing but a character for it. */
function readCatalogueCharacters(adapter) {
  const internalChar = 18 // pg_type.oid of "char"
  const bpchar = 1042 // pg_type.oid of character(n), which the adapter knows
  const queryRaw = adapter.queryRaw
  adapter.queryRaw = async (query) => {
    let types = []
    const mended = Object.create(adapter)
    mended.performIO = async (asked) => {
      const result = await adapter.performIO(asked)
      types = result.fields.map((field) => field.dataTypeID)
      for (const field of result.fields)
        if (field.dataTypeID === internalChar) field.dataTypeID = bpchar
      return result
    }
    const result = await queryRaw.call(mended, query)
    types.forEach((type, index) => {
      if (type === internalChar) result.columnTypes[index] = ColumnTypeEnum.Character
    })
    return result
  }
}

/** A database of its own for the engine to fill and compare; dropped when the engine is done with it. */
async function connectToNewShadow(url) {
  const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
  await withClient(url, undefined, (client) => client.query(`CREATE DATABASE "${database}"`))
  const adapter = await connect(url, undefined, database)
  const dispose = adapter.dispose.bind(adapter)
  adapter.dispose = async () => {
    await dispose()
    await withClient(url, undefined, (client) =>
      client.query(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`),
    )
  }
  return adapter
}

/**
 * Host, port, user and database apart: with a connection string `pg` would ignore `database` and the
 * engine, which empties its shadow database, would empty the real one.
 */
function connectionTo(url, database) {
  const parsed = new URL(url)
  const secure = ['require', 'verify-full', 'verify-ca'].includes(
    parsed.searchParams.get('sslmode'),
  )
  return {
    host: parsed.hostname,
    port: Number(parsed.port || 5432),
    user: decodeURIComponent(parsed.username) || undefined,
    password: parsed.password ? decodeURIComponent(parsed.password) : undefined,
    database: database ?? parsed.pathname.slice(1),
    ...(secure ? { ssl: true } : {}),
  }
}

async function withClient(url, database, work) {
  const client = new pg.Client(connectionTo(url, database))
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function argumentOf(name) {
  const at = argv.indexOf(name)
  return at < 0 ? undefined : argv[at + 1]
}

function send(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

/** Prisma reads these lines from stderr. */
function log(level, message, extra = {}) {
  const fields = { message, ...extra }
  const line = { timestamp: new Date().toISOString(), level, fields, target: 'schema_engine' }
  process.stderr.write(`${JSON.stringify(line)}\n`)
}
