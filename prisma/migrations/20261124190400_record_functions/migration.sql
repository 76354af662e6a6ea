-- Claims an idempotency key: `new` for the first and for whoever takes over a claim that went stale,
-- else what is known of it. Two requests at once meet at the primary key, and one waits for the other.
CREATE FUNCTION claim_idempotency_key(p_scope text, p_key text, p_fingerprint text, p_now timestamptz,
  p_stale_before timestamptz)
RETURNS TABLE (kind text, status integer, headers jsonb, body text) LANGUAGE plpgsql AS $$
DECLARE
  v_known idempotency_answers;
BEGIN
  INSERT INTO idempotency_answers AS a (scope, key, fingerprint, claimed_at)
  VALUES (p_scope, p_key, p_fingerprint, p_now)
  ON CONFLICT ON CONSTRAINT idempotency_answers_pkey DO UPDATE SET claimed_at = EXCLUDED.claimed_at
  WHERE a.status IS NULL AND a.fingerprint = EXCLUDED.fingerprint AND a.claimed_at <= p_stale_before;
  IF FOUND THEN
    RETURN QUERY SELECT 'new', NULL::integer, NULL::jsonb, NULL::text;
    RETURN;
  END IF;
  SELECT * INTO v_known FROM idempotency_answers a WHERE a.scope = p_scope AND a.key = p_key;
  RETURN QUERY SELECT
    CASE
      WHEN v_known.fingerprint <> p_fingerprint THEN 'mismatch'
      WHEN v_known.status IS NULL THEN 'in-progress'
      ELSE 'answered'
    END, v_known.status, v_known.headers, v_known.body;
END $$;

-- Quota rows that differ from what living leases and tasks hold. Must be empty; what it shows is a fault.
CREATE VIEW quota_drift AS
WITH held AS (
  SELECT r.tenant_id, h.key AS resource, sum(h.value::bigint)::bigint AS amount
  FROM (
    SELECT tenant_id, holds FROM leases WHERE state <> ALL (ARRAY['released', 'failed'])
    UNION ALL
    SELECT tenant_id, holds FROM tasks
    WHERE state <> ALL (ARRAY['succeeded', 'failed', 'cancelled', 'timed-out'])
  ) r CROSS JOIN LATERAL jsonb_each_text(r.holds) AS h(key, value)
  GROUP BY r.tenant_id, h.key
)
SELECT coalesce(q.tenant_id, held.tenant_id) AS tenant_id,
  coalesce(q.resource, held.resource) AS resource,
  coalesce(q."limit", 0) AS "limit", coalesce(q.used, 0) AS used, coalesce(held.amount, 0) AS held
FROM quotas q FULL JOIN held ON held.tenant_id = q.tenant_id AND held.resource = q.resource
WHERE coalesce(q.used, 0) <> coalesce(held.amount, 0);
