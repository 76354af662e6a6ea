-- Quota is counted here and nowhere else. Locks are always taken in the order (tenant, resource), and
-- on leases and tasks before quotas, so that no two transactions wait for each other.
--
-- The functions for batches switch off scans and joins that read whole tables: they look up a batch by
-- key, and their plans are kept. A plan that was made while the tables were small, or that expects a
-- batch to be larger than it is, would read them from end to end long after they have grown.

-- Locks the quota rows of every tenant that a batch of admissions is about.
CREATE FUNCTION lock_quotas(p_items jsonb) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  PERFORM 1 FROM quotas
  WHERE tenant_id IN (SELECT i.tenant_id FROM jsonb_to_recordset(p_items) AS i(tenant_id text))
  ORDER BY tenant_id, resource
  FOR UPDATE;
END $$;

-- Grants the demands of a batch, each tenant's in the order in which they came: a demand that does not
-- fit is refused and takes nothing, and those behind it are looked at on their own.
--   p_items     [{ n, id, tenant_id, holds: { resource: amount } }]
--   p_existing  ids that are already stored
-- Returns only the exceptions: [{ n, kind, shortage? }]; what is not among them was granted and counted.
-- The caller holds the locks of `lock_quotas`.
CREATE FUNCTION grant_quota(p_items jsonb, p_existing text[]) RETURNS jsonb LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_item record;
  v_tenant text;
  v_taken text[] := p_existing;
  v_used bigint[];
  v_asked bigint;
  v_short integer;
  v_kind text;
  v_exceptions jsonb := '[]';
  v_all_tenants text[] := '{}';
  v_all_resources text[] := '{}';
  v_all_used bigint[] := '{}';
BEGIN
  FOR v_item IN
    WITH items AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(p_items) AS i(n integer, id text, tenant_id text, holds jsonb)
    ), demanded AS (
      SELECT DISTINCT i.tenant_id, h.resource
      FROM items i CROSS JOIN LATERAL jsonb_object_keys(i.holds) AS h(resource)
    ), ledger AS (
      SELECT d.tenant_id,
        array_agg(d.resource ORDER BY d.resource COLLATE "C") AS resources,
        array_agg(coalesce(q."limit", 0) ORDER BY d.resource COLLATE "C") AS limits,
        array_agg(coalesce(q.used, 0) ORDER BY d.resource COLLATE "C") AS used
      FROM demanded d LEFT JOIN quotas q ON q.tenant_id = d.tenant_id AND q.resource = d.resource
      GROUP BY d.tenant_id
    )
    SELECT i.n, i.id, i.tenant_id, i.holds, t.id IS NOT NULL AS known, t.suspended,
      l.resources, l.limits, l.used
    FROM items i
      LEFT JOIN tenants t ON t.id = i.tenant_id
      LEFT JOIN ledger l ON l.tenant_id = i.tenant_id
    ORDER BY i.tenant_id, i.n
  LOOP
    IF v_tenant IS DISTINCT FROM v_item.tenant_id THEN
      v_tenant := v_item.tenant_id;
      v_used := v_item.used;
    END IF;
    v_short := NULL;
    v_kind := CASE
      WHEN v_item.id = ANY (v_taken) THEN 'existing'
      WHEN NOT v_item.known THEN 'tenant-not-found'
      WHEN v_item.suspended THEN 'tenant-suspended'
    END;
    IF v_kind IS NOT NULL THEN
      v_exceptions := v_exceptions || jsonb_build_object('n', v_item.n, 'kind', v_kind);
      CONTINUE;
    END IF;
    FOR v_at IN 1 .. coalesce(cardinality(v_item.resources), 0) LOOP
      v_asked := (v_item.holds ->> v_item.resources[v_at])::bigint;
      IF v_asked > 0 AND v_used[v_at] + v_asked > v_item.limits[v_at] THEN
        v_short := v_at;
        EXIT;
      END IF;
    END LOOP;
    IF v_short IS NOT NULL THEN
      v_exceptions := v_exceptions || jsonb_build_object('n', v_item.n, 'kind', 'refused', 'shortage',
        quota_shortage(v_item.resources[v_short], v_item.limits[v_short], v_used[v_short], v_asked));
      CONTINUE;
    END IF;
    FOR v_at IN 1 .. coalesce(cardinality(v_item.resources), 0) LOOP
      v_asked := coalesce((v_item.holds ->> v_item.resources[v_at])::bigint, 0);
      IF v_asked <> 0 THEN
        v_used[v_at] := v_used[v_at] + v_asked;
      END IF;
    END LOOP;
    v_taken := v_taken || v_item.id;
    v_all_tenants := v_all_tenants || array_fill(v_tenant, ARRAY[cardinality(v_item.resources)]);
    v_all_resources := v_all_resources || v_item.resources;
    v_all_used := v_all_used || v_used;
  END LOOP;

  -- A tenant is in the lists once per grant; what is used only rises, so the last is the greatest.
  UPDATE quotas q SET used = u.used
  FROM (
    SELECT tenant_id, resource, max(used) AS used
    FROM unnest(v_all_tenants, v_all_resources, v_all_used) AS g(tenant_id, resource, used)
    GROUP BY tenant_id, resource
  ) u
  WHERE q.tenant_id = u.tenant_id AND q.resource = u.resource AND q.used <> u.used;

  RETURN v_exceptions;
END $$;

-- The numbers of a refusal, as the domain's QuotaShortage.
CREATE FUNCTION quota_shortage(p_resource text, p_limit bigint, p_used bigint, p_asked bigint)
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('resource', p_resource, 'limit', p_limit, 'used', p_used,
    'asked', p_asked, 'free', greatest(0, p_limit - p_used))
$$;

-- Counts the difference between what a row held and what it will hold. Null when it fits, else the
-- shortage, and then nothing was changed. Giving back always works: below a lowered limit, and even
-- where less is counted than is given back (a fault that the drift finder shows; a lease that cannot
-- end because of it would be a second one).
CREATE FUNCTION change_quota(p_tenant text, p_before jsonb, p_after jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  v_resources text[];
  v_changes bigint[];
  v_shortage jsonb;
BEGIN
  IF p_before = p_after THEN
    RETURN NULL;
  END IF;
  SELECT array_agg(d.resource), array_agg(d.change) INTO v_resources, v_changes
  FROM (
    SELECT a.resource, sum(a.amount)::bigint AS change
    FROM (
      SELECT key AS resource, value::bigint AS amount FROM jsonb_each_text(p_after)
      UNION ALL
      SELECT key, -value::bigint FROM jsonb_each_text(p_before)
    ) a
    GROUP BY a.resource
    HAVING sum(a.amount) <> 0
  ) d;

  PERFORM 1 FROM quotas
  WHERE tenant_id = p_tenant AND resource = ANY (v_resources)
  ORDER BY tenant_id, resource
  FOR UPDATE;

  SELECT quota_shortage(d.resource, coalesce(q."limit", 0), coalesce(q.used, 0), d.change)
  INTO v_shortage
  FROM unnest(v_resources, v_changes) AS d(resource, change)
    LEFT JOIN quotas q ON q.tenant_id = p_tenant AND q.resource = d.resource
  WHERE d.change > 0 AND coalesce(q.used, 0) + d.change > coalesce(q."limit", 0)
  ORDER BY d.resource COLLATE "C"
  LIMIT 1;
  IF FOUND THEN
    RETURN v_shortage;
  END IF;

  UPDATE quotas q SET used = greatest(0, q.used + d.change)
  FROM unnest(v_resources, v_changes) AS d(resource, change)
  WHERE q.tenant_id = p_tenant AND q.resource = d.resource;
  RETURN NULL;
END $$;

-- Opens or closes the interval of a holder. A clock that was set back makes an empty one, never a negative one.
CREATE FUNCTION note_usage(p_usage text, p_tenant text, p_kind text, p_holder text, p_price bigint,
  p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_usage = 'opens' THEN
    INSERT INTO usage_intervals (tenant_id, holder_kind, holder_id, started_at, price_per_hour_micros)
    VALUES (p_tenant, p_kind, p_holder, p_at, p_price)
    ON CONFLICT (holder_id) WHERE ended_at IS NULL DO NOTHING;
  ELSIF p_usage = 'closes' THEN
    UPDATE usage_intervals SET ended_at = greatest(p_at, started_at)
    WHERE holder_id = p_holder AND ended_at IS NULL;
  END IF;
END $$;
