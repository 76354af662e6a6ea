/** Files by path. Imports of `@leasehold/x` reach packages/x of the same tree. */
export type Tree = Readonly<Record<string, string>>

const thing = 'export const thing = 1\n'
const pass = (from: string) => `export { thing } from '${from}'\n`

/** For each rule the smallest tree that breaks it and no other. */
export const breakingTrees: Readonly<Record<string, Tree>> = {
  'every-import-is-found': {
    'packages/wiring/src/index.ts': pass('@leasehold/nowhere'),
  },
  'no-cycles': {
    'packages/application/src/index.ts': pass('./left.ts'),
    'packages/application/src/left.ts':
      "import { right } from './right.ts'\nexport const thing = () => right\n",
    'packages/application/src/right.ts':
      "import { thing } from './left.ts'\nexport const right = () => thing\n",
  },
  'domain-is-pure': {
    'packages/domain/src/index.ts': "export { join as thing } from 'node:path'\n",
  },
  'application-knows-only-domain': {
    'packages/application/src/index.ts': "export { default as thing } from 'bullmq'\n",
  },
  'contract-knows-nobody': {
    'packages/contract/src/index.ts': pass('@leasehold/domain'),
    'packages/domain/src/index.ts': thing,
  },
  'adapters-do-not-meet': {
    'packages/db/src/index.ts': pass('@leasehold/queue'),
    'packages/queue/src/index.ts': thing,
  },
  'edges-stay-thin': {
    'apps/api/src/routes/leases/get-lease.ts': "export { default as thing } from 'bullmq'\n",
  },
  'only-main-sees-wiring': {
    'apps/api/src/tenant-app.ts': pass('@leasehold/wiring'),
    'packages/wiring/src/index.ts': thing,
  },
  'adapters-see-only-ports': {
    'packages/db/src/index.ts': pass('@leasehold/config'),
    'packages/config/src/index.ts': thing,
  },
  'nothing-imports-apps': {
    'packages/wiring/src/index.ts': pass('@leasehold/api'),
    'apps/api/src/index.ts': thing,
  },
  'apps-do-not-meet': {
    'apps/worker/src/index.ts': pass('@leasehold/api'),
    'apps/api/src/index.ts': thing,
  },
  'no-tests-in-production': {
    'packages/wiring/src/index.ts': pass('@leasehold/testing'),
    'packages/testing/src/index.ts': thing,
  },
  'acceptance-knows-only-the-contract': {
    'test/acceptance/specs/leases.test.ts': pass('@leasehold/domain'),
    'packages/domain/src/index.ts': thing,
  },
}

/** What the rules must let through: the same imports from places that may have them. */
export const permittedTrees: Readonly<Record<string, Tree>> = {
  'a test of the domain may use npm': {
    'packages/domain/src/lease.test.ts': "export { default as thing } from 'bullmq'\n",
  },
  'what helps the tests of one package may use fakes': {
    'packages/db/src/testing/a-database.ts': pass('@leasehold/testing'),
    'packages/testing/src/index.ts': thing,
  },
  'a composition root sees wiring and adapters': {
    'apps/api/src/compose.ts': pass('@leasehold/wiring'),
    'packages/wiring/src/index.ts': pass('@leasehold/db'),
    'packages/db/src/index.ts': pass('@leasehold/application'),
    'packages/application/src/index.ts': pass('@leasehold/domain'),
    'packages/domain/src/index.ts': thing,
  },
  'a declaration with `using`, inside which imports are still seen': {
    'packages/db/src/index.ts':
      "export async function thing() {\n  await using file = await import('@leasehold/domain')\n}\n",
    'packages/domain/src/index.ts': thing,
  },
  'all-in-one starts the other apps': {
    'apps/all-in-one/src/main.ts': pass('@leasehold/api'),
    'apps/api/src/index.ts': thing,
  },
}
