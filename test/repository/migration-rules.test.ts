import { describe, expect, it } from 'vitest'
import { findMigrationFaults } from '../../scripts/migrations/find-migration-faults.ts'

const first = { name: '20300101000000_first', sql: 'CREATE TABLE "leases" ("id" TEXT NOT NULL);\n' }

describe('the rules for a safe migration', () => {
  it.each([
    ['a column that is dropped', 'ALTER TABLE "leases" DROP COLUMN "id";'],
    ['a table that is dropped', 'DROP TABLE leases;'],
    ['a function that is dropped', 'DROP FUNCTION admit_leases(jsonb);'],
    ['a column that is renamed', 'ALTER TABLE leases RENAME COLUMN id TO key;'],
    ['a column that becomes required', 'ALTER TABLE leases ALTER COLUMN id SET NOT NULL;'],
    ['a new required column', 'ALTER TABLE leases ADD COLUMN size INT NOT NULL;'],
    ['another type', 'ALTER TABLE leases ALTER COLUMN id TYPE uuid USING id::uuid;'],
    ['a constraint that reads all rows', 'ALTER TABLE leases ADD CONSTRAINT c CHECK (id > 0);'],
    ['an index under a lock', 'CREATE INDEX "leases_x" ON "leases"("id");'],
    ['a concurrent index beside others', 'CREATE INDEX CONCURRENTLY x ON leases(id);\nSELECT 1;'],
    ['rows that are taken away', 'TRUNCATE leases;'],
    ['a primary key', 'ALTER TABLE leases ADD PRIMARY KEY (id);'],
    [
      'another value for each row',
      'ALTER TABLE leases ADD COLUMN u UUID DEFAULT gen_random_uuid();',
    ],
    ['a generated column', 'ALTER TABLE leases ADD COLUMN n INT GENERATED ALWAYS AS (1) STORED;'],
    ['a counting column', 'ALTER TABLE leases ADD COLUMN n BIGSERIAL;'],
    ['a table that is written anew', 'ALTER TABLE leases SET UNLOGGED;'],
    ['a wall that is taken down', 'ALTER TABLE leases DISABLE ROW LEVEL SECURITY;'],
    ['rows that are changed', "UPDATE leases SET id = 'x';"],
    ['rows that are removed', 'DELETE FROM leases;'],
    ['a table that is locked', 'LOCK TABLE leases;'],
    ['an index that is built anew', 'REINDEX TABLE leases;'],
    ['a right that is taken', 'REVOKE SELECT ON leases FROM PUBLIC;'],
    ['a function in another body', 'CREATE OR REPLACE FUNCTION f() RETURNS void AS $$SELECT 1$$;'],
    ['a trigger', 'CREATE TRIGGER t BEFORE INSERT ON leases EXECUTE FUNCTION f();'],
    ['a table of tenants without a wall', 'CREATE TABLE t (id TEXT, tenant_id TEXT);'],
  ])('refuse %s', (_, sql) => {
    const faults = findMigrationFaults([first, { name: '20300101000001_second', sql }])

    expect(faults.length).toBeGreaterThan(0)
    for (const fault of faults) expect(fault).toContain('20300101000001_second')
  })

  it.each([
    ['a nullable column', 'ALTER TABLE leases ADD COLUMN note TEXT;'],
    ['a column with a default', 'ALTER TABLE leases ADD COLUMN n INT NOT NULL DEFAULT 0;'],
    ['a concurrent index', '-- why\nCREATE INDEX CONCURRENTLY x ON leases(id);\n'],
    ['a constraint for new rows', 'ALTER TABLE leases ADD CONSTRAINT c CHECK (id > 0) NOT VALID;'],
    [
      'a table of its own',
      'CREATE TABLE t (a INT);\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);',
    ],
    [
      'a table of tenants with its wall',
      "CREATE TABLE t (id TEXT, tenant_id TEXT);\nSELECT guard_tenant_rows('t', 'x', 'SELECT');",
    ],
    ['a body', 'CREATE FUNCTION f() RETURNS void AS $$\nBEGIN\n  DROP TABLE x;\nEND $$;'],
    ['what says why', '-- safe because: nobody reads it since 1.4.\nDROP TABLE leases;'],
  ])('allow %s', (_, sql) => {
    expect(findMigrationFaults([first, { name: '20300101000001_second', sql }])).toEqual([])
  })

  it('want a name that sorts, and only one of each time, with SQL in it', () => {
    const sql = 'SELECT 1;'
    const names = ['2030_a', '20300101000000_Upper', '20300101000000_a', '20300101000000_b']

    const faults = findMigrationFaults([
      ...names.map((name) => ({ name, sql })),
      { name: '20300101000009_empty', sql: null },
    ])

    expect(faults).toHaveLength(4)
  })
})
