-- Takes a batch of leases in: one transaction, one round trip.
--   p_items  [{ n, at, actor_kind, actor_id, and the columns of a new lease }]
-- Returns the exceptions, as `grant_quota` does; everything else is stored with its first two events.
CREATE FUNCTION admit_leases(p_items jsonb) RETURNS jsonb LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_existing text[];
  v_exceptions jsonb;
  v_left_out integer[];
BEGIN
  PERFORM lock_quotas(p_items);
  -- Only now: whoever admitted the same id before us has committed, and this statement sees it.
  v_existing := ARRAY(
    SELECT l.id FROM leases l
    WHERE l.id IN (SELECT i.id FROM jsonb_to_recordset(p_items) AS i(id text)));
  v_exceptions := grant_quota(p_items, v_existing);
  v_left_out := ARRAY(SELECT (e ->> 'n')::integer FROM jsonb_array_elements(v_exceptions) e);

  INSERT INTO leases (id, tenant_id, pool, state, version, generation, labels, created_at,
    entered_state_at, waiting_for, holds, occupies, document, event_seq, look_again_at)
  SELECT i.id, i.tenant_id, i.pool, i.state, i.version, i.generation, i.labels, i.created_at,
    i.entered_state_at, i.waiting_for, i.holds, i.occupies, i.document, 2, i.look_again_at
  FROM jsonb_to_recordset(p_items) AS i(n integer, id text, tenant_id text, pool text, state text,
    version integer, generation integer, labels jsonb, created_at timestamptz,
    entered_state_at timestamptz, waiting_for text, holds jsonb, occupies jsonb, document jsonb,
    look_again_at timestamptz)
  WHERE i.n <> ALL (v_left_out);

  INSERT INTO lease_events (lease_id, seq, tenant_id, at, actor_kind, actor_id, state)
  SELECT i.id, e.seq, i.tenant_id, i.at, i.actor_kind, i.actor_id, e.state
  FROM jsonb_to_recordset(p_items) AS i(n integer, id text, tenant_id text, at timestamptz,
      actor_kind text, actor_id text)
    CROSS JOIN (VALUES (1, 'requested'), (2, 'queued')) AS e(seq, state)
  WHERE i.n <> ALL (v_left_out);

  INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
  SELECT i.tenant_id, i.at, i.actor_kind, i.actor_id, 'lease.requested', i.id, '{}'
  FROM jsonb_to_recordset(p_items) AS i(n integer, id text, tenant_id text, at timestamptz,
    actor_kind text, actor_id text)
  WHERE i.n <> ALL (v_left_out);

  RETURN v_exceptions;
END $$;

-- Changes one lease, guarded by its version and, if one is given, by a claim.
--   p_change  { id, tenant_id, expected_version, claim_token?, at, actor_kind, actor_id, reason, detail,
--               audit, usage, price, row: { the columns that change } }
-- Returns { outcome: 'replaced' | 'lost-race' | 'refused', shortage? }.
CREATE FUNCTION replace_lease(p_change jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_old leases;
  v_new leases;
  v_shortage jsonb;
  v_at timestamptz := (p_change ->> 'at')::timestamptz;
BEGIN
  SELECT * INTO v_old FROM leases
  WHERE id = p_change ->> 'id' AND tenant_id = p_change ->> 'tenant_id'
  FOR UPDATE;
  IF NOT FOUND OR v_old.version <> (p_change ->> 'expected_version')::integer
    OR (p_change ->> 'claim_token') <> coalesce(v_old.claim_token, '') THEN
    RETURN jsonb_build_object('outcome', 'lost-race');
  END IF;
  v_new := jsonb_populate_record(v_old, p_change -> 'row');

  v_shortage := change_quota(v_old.tenant_id, v_old.holds, v_new.holds);
  IF v_shortage IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', 'refused', 'shortage', v_shortage);
  END IF;

  UPDATE leases SET pool = v_new.pool, state = v_new.state, version = v_new.version,
    generation = v_new.generation, labels = v_new.labels, entered_state_at = v_new.entered_state_at,
    waiting_for = v_new.waiting_for, holds = v_new.holds, occupies = v_new.occupies,
    document = v_new.document, look_again_at = v_new.look_again_at, event_seq = v_old.event_seq + 1
  WHERE id = v_old.id;
  INSERT INTO lease_events (lease_id, seq, tenant_id, at, actor_kind, actor_id, state, reason, detail)
  VALUES (v_old.id, v_old.event_seq + 1, v_old.tenant_id, v_at, p_change ->> 'actor_kind',
    p_change ->> 'actor_id', v_new.state, p_change ->> 'reason', p_change ->> 'detail');
  INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
  VALUES (v_old.tenant_id, v_at, p_change ->> 'actor_kind', p_change ->> 'actor_id',
    p_change ->> 'audit', v_old.id, p_change -> 'facts');
  PERFORM note_usage(p_change ->> 'usage', v_old.tenant_id, 'lease', v_old.id,
    (p_change ->> 'price')::bigint, v_at);
  RETURN jsonb_build_object('outcome', 'replaced');
END $$;
