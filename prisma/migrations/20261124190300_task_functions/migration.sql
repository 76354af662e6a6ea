-- Takes a batch of tasks in, as `admit_leases` does for leases; their history begins with `queued`.
CREATE FUNCTION admit_tasks(p_items jsonb) RETURNS jsonb LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_existing text[];
  v_exceptions jsonb;
  v_left_out integer[];
BEGIN
  PERFORM lock_quotas(p_items);
  v_existing := ARRAY(
    SELECT t.id FROM tasks t
    WHERE t.id IN (SELECT i.id FROM jsonb_to_recordset(p_items) AS i(id text)));
  v_exceptions := grant_quota(p_items, v_existing);
  v_left_out := ARRAY(SELECT (e ->> 'n')::integer FROM jsonb_array_elements(v_exceptions) e);

  INSERT INTO tasks (id, tenant_id, pool, state, version, attempt, priority, labels, created_at,
    entered_state_at, waiting_for, progress, holds, occupies, document, event_seq, look_again_at)
  SELECT i.id, i.tenant_id, i.pool, i.state, i.version, i.attempt, i.priority, i.labels, i.created_at,
    i.entered_state_at, i.waiting_for, nullif(i.progress, 'null'), i.holds, i.occupies, i.document, 1,
    i.look_again_at
  FROM jsonb_to_recordset(p_items) AS i(n integer, id text, tenant_id text, pool text, state text,
    version integer, attempt integer, priority integer, labels jsonb, created_at timestamptz,
    entered_state_at timestamptz, waiting_for text, progress jsonb, holds jsonb, occupies jsonb,
    document jsonb, look_again_at timestamptz)
  WHERE i.n <> ALL (v_left_out);

  INSERT INTO task_events (task_id, seq, tenant_id, at, actor_kind, actor_id, state)
  SELECT i.id, 1, i.tenant_id, i.at, i.actor_kind, i.actor_id, 'queued'
  FROM jsonb_to_recordset(p_items) AS i(n integer, id text, tenant_id text, at timestamptz,
    actor_kind text, actor_id text)
  WHERE i.n <> ALL (v_left_out);

  INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
  SELECT i.tenant_id, i.at, i.actor_kind, i.actor_id, 'task.submitted', i.id, '{}'
  FROM jsonb_to_recordset(p_items) AS i(n integer, id text, tenant_id text, at timestamptz,
    actor_kind text, actor_id text)
  WHERE i.n <> ALL (v_left_out);

  RETURN v_exceptions;
END $$;

-- Changes one task, as `replace_lease` does a lease. Heartbeats and progress arrive without a version,
-- so a change that was decided before the last of them must not set them back: the later heartbeat
-- stays, and progress stays unless the change itself sets it (`sets_progress`).
CREATE FUNCTION replace_task(p_change jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_old tasks;
  v_new tasks;
  v_shortage jsonb;
  v_at timestamptz := (p_change ->> 'at')::timestamptz;
BEGIN
  SELECT * INTO v_old FROM tasks
  WHERE id = p_change ->> 'id' AND tenant_id = p_change ->> 'tenant_id'
  FOR UPDATE;
  IF NOT FOUND OR v_old.version <> (p_change ->> 'expected_version')::integer
    OR (p_change ->> 'claim_token') <> coalesce(v_old.claim_token, '') THEN
    RETURN jsonb_build_object('outcome', 'lost-race');
  END IF;
  v_new := jsonb_populate_record(v_old, p_change -> 'row');
  IF v_new.last_heartbeat_at IS NOT NULL THEN
    v_new.last_heartbeat_at := greatest(v_new.last_heartbeat_at, v_old.last_heartbeat_at);
  END IF;
  IF NOT (p_change ->> 'sets_progress')::boolean THEN
    v_new.progress := v_old.progress;
  END IF;

  v_shortage := change_quota(v_old.tenant_id, v_old.holds, v_new.holds);
  IF v_shortage IS NOT NULL THEN
    RETURN jsonb_build_object('outcome', 'refused', 'shortage', v_shortage);
  END IF;

  UPDATE tasks SET pool = v_new.pool, state = v_new.state, version = v_new.version,
    attempt = v_new.attempt, priority = v_new.priority, labels = v_new.labels,
    entered_state_at = v_new.entered_state_at, waiting_for = v_new.waiting_for,
    queue_position = CASE WHEN v_new.state = 'queued' THEN v_old.queue_position END,
    last_heartbeat_at = v_new.last_heartbeat_at, progress = nullif(v_new.progress, 'null'),
    holds = v_new.holds, occupies = v_new.occupies, document = v_new.document,
    look_again_at = v_new.look_again_at, event_seq = v_old.event_seq + 1
  WHERE id = v_old.id;
  INSERT INTO task_events (task_id, seq, tenant_id, at, actor_kind, actor_id, state, reason, detail)
  VALUES (v_old.id, v_old.event_seq + 1, v_old.tenant_id, v_at, p_change ->> 'actor_kind',
    p_change ->> 'actor_id', v_new.state, p_change ->> 'reason', p_change ->> 'detail');
  INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
  VALUES (v_old.tenant_id, v_at, p_change ->> 'actor_kind', p_change ->> 'actor_id',
    p_change ->> 'audit', v_old.id, p_change -> 'facts');
  PERFORM note_usage(p_change ->> 'usage', v_old.tenant_id, 'task', v_old.id,
    (p_change ->> 'price')::bigint, v_at);
  RETURN jsonb_build_object('outcome', 'replaced');
END $$;

-- Appends to a task's log and returns its length. Bytes that are already there are skipped, a gap is
-- not taken; at the limit the rest is dropped, `p_note` says so, and nothing more is taken.
CREATE FUNCTION append_task_log(p_tenant text, p_task text, p_offset bigint, p_bytes bytea,
  p_most bigint, p_note bytea) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_log task_logs;
  v_fresh bytea;
  v_room bigint;
  v_cut boolean := false;
BEGIN
  INSERT INTO task_logs (task_id, tenant_id, length) VALUES (p_task, p_tenant, 0)
  ON CONFLICT (task_id) DO NOTHING;
  SELECT * INTO v_log FROM task_logs WHERE task_id = p_task AND tenant_id = p_tenant FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  IF v_log.cut OR p_offset > v_log.length OR p_offset + length(p_bytes) <= v_log.length THEN
    RETURN v_log.length;
  END IF;
  v_fresh := substring(p_bytes FROM (v_log.length - p_offset + 1)::integer);
  v_room := greatest(0, p_most - v_log.length);
  IF length(v_fresh) > v_room THEN
    v_fresh := substring(v_fresh FROM 1 FOR v_room::integer) || p_note;
    v_cut := true;
  END IF;
  INSERT INTO task_log_pieces (task_id, start_at, bytes) VALUES (p_task, v_log.length, v_fresh);
  UPDATE task_logs SET length = v_log.length + length(v_fresh), cut = v_cut WHERE task_id = p_task;
  RETURN v_log.length + length(v_fresh);
END $$;
