-- Row-level security: a second wall behind the tenant argument of every query (docs/adr/0011).
--   leasehold_platform  sees every tenant: workers, operators, admission, sign-in
--   leasehold_tenant    sees the tenant that the transaction names in leasehold.tenant_id, and nothing without
-- Neither owns a table or may bypass a policy. The owner does: migrations, backups, and the version before.

DO $$
DECLARE
  v_role text;
  v_schema text := current_schema();
BEGIN
  FOREACH v_role IN ARRAY ARRAY['leasehold_platform', 'leasehold_tenant'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = v_role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
      EXCEPTION
        WHEN duplicate_object OR unique_violation THEN NULL;
        WHEN insufficient_privilege THEN
          RAISE EXCEPTION 'The role % is missing and % may not make it.', v_role, current_user
            USING HINT = format('As an administrator, once: CREATE ROLE leasehold_platform NOLOGIN; '
              || 'CREATE ROLE leasehold_tenant NOLOGIN; GRANT leasehold_platform, leasehold_tenant TO %I;',
              current_user);
      END;
    END IF;
    IF NOT pg_has_role(current_user, v_role, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', v_role);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', v_schema, v_role);
    EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO %I', v_schema, v_role);
  END LOOP;
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO leasehold_platform',
    v_schema);
  -- What later migrations make.
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES '
    || 'TO leasehold_platform', v_schema);
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES '
    || 'TO leasehold_platform, leasehold_tenant', v_schema);
END $$;

-- Puts the wall around a table; later migrations call it for theirs. `p_may` is what may be done for a tenant.
CREATE FUNCTION guard_tenant_rows(p_table regclass, p_condition text, p_may text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
  EXECUTE format('CREATE POLICY every_tenant ON %s TO leasehold_platform USING (true)', p_table);
  EXECUTE format('CREATE POLICY own_tenant ON %s TO leasehold_tenant USING (%s)', p_table, p_condition);
  IF p_may <> '' THEN
    EXECUTE format('GRANT %s ON %s TO leasehold_tenant', p_may, p_table);
  END IF;
END $$;

SELECT guard_tenant_rows(t::regclass, $q$tenant_id = current_setting('leasehold.tenant_id', true)$q$, may)
FROM (VALUES
  ('members', 'SELECT, INSERT, UPDATE'),
  ('quotas', 'SELECT, UPDATE'),
  ('ssh_keys', 'SELECT, INSERT, DELETE'),
  ('service_accounts', 'SELECT, INSERT, DELETE'),
  ('api_keys', 'SELECT, INSERT, DELETE'),
  ('leases', 'SELECT, UPDATE'),
  ('lease_events', 'SELECT, INSERT'),
  ('tasks', 'SELECT, UPDATE'),
  ('task_events', 'SELECT, INSERT'),
  ('task_logs', 'SELECT, INSERT, UPDATE, DELETE'),
  ('run_credentials', 'SELECT, INSERT'),
  ('usage_intervals', 'SELECT, INSERT, UPDATE'),
  ('audit_events', 'SELECT, INSERT'),
  ('access_codes', 'INSERT'),
  ('access_sessions', '')
) AS tables(t, may);

SELECT guard_tenant_rows('tenants', $q$id = current_setting('leasehold.tenant_id', true)$q$, 'SELECT');

-- A piece belongs to whom its log belongs to.
SELECT guard_tenant_rows('task_log_pieces',
  $q$EXISTS (SELECT 1 FROM task_logs l WHERE l.task_id = task_log_pieces.task_id)$q$,
  'SELECT, INSERT, DELETE');

-- Ids of a tenant's leases that bear all of the labels. A policy forbids indexes whose operators might tell
-- something (`@>` is one), so this looks as the owner, and has the wall inside.
CREATE FUNCTION labelled_leases(p_tenant text, p_labels jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT id FROM leases
  WHERE tenant_id = p_tenant AND labels <> '{}'::jsonb AND labels @> p_labels
    AND tenant_id = coalesce(nullif(current_setting('leasehold.tenant_id', true), ''), p_tenant)
$$;

CREATE FUNCTION labelled_tasks(p_tenant text, p_labels jsonb) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
  SELECT id FROM tasks
  WHERE tenant_id = p_tenant AND labels <> '{}'::jsonb AND labels @> p_labels
    AND tenant_id = coalesce(nullif(current_setting('leasehold.tenant_id', true), ''), p_tenant)
$$;

-- safe because: only what everyone might do is taken away; both roles are given it next.
REVOKE ALL ON FUNCTION labelled_leases(text, jsonb), labelled_tasks(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION labelled_leases(text, jsonb), labelled_tasks(text, jsonb)
  TO leasehold_platform, leasehold_tenant;
