-- Who looked at whom. A desk sends what its person opened in batches behind everything else; nothing waits for
-- it, and the same batch again adds nothing.
CREATE TABLE IF NOT EXISTS crm.viewed (
    device uuid NOT NULL,
    at timestamptz NOT NULL,
    customer_id uuid NOT NULL,
    login name NOT NULL,
    why text NOT NULL DEFAULT '' CHECK (length(why) <= 40),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (device, at, customer_id)
);
COMMENT ON TABLE crm.viewed IS 'who opened whose record when, by his desk''s clock; why: call, record, complaint and its number …';
CREATE INDEX IF NOT EXISTS viewed_customer ON crm.viewed (customer_id, at);
CREATE INDEX IF NOT EXISTS viewed_login ON crm.viewed (login, at);

-- p_views: [{"customer_id", "at", "why"}, …], 500 at most. Returns how many were new.
CREATE OR REPLACE FUNCTION crm.record_views(p_device uuid, p_views jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    added integer;
    present CONSTANT timestamptz := crm.now();
BEGIN
    IF NOT EXISTS (SELECT 1 FROM crm.device d WHERE d.id = p_device AND d.login = session_user)
       OR crm.my_agent() IS NULL THEN
        RAISE EXCEPTION 'This desk belongs to another account.' USING ERRCODE = 'CR001';
    END IF;
    IF jsonb_array_length(p_views) > 500 THEN
        RAISE EXCEPTION 'At most 500 at a time.' USING ERRCODE = 'CR009';
    END IF;
    INSERT INTO crm.viewed (device, at, customer_id, login, why, received_at)
    SELECT p_device, least(v.at, present), v.customer_id, session_user, left(coalesce(v.why, ''), 40), present
    FROM jsonb_to_recordset(p_views) AS v(customer_id uuid, at timestamptz, why text)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN added;
END
$$;

-- Whoever shares a team with me, and I.
CREATE OR REPLACE FUNCTION crm.my_colleagues() RETURNS name[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT m.login), '{}') || session_user::name
    FROM crm.member m WHERE m.team = ANY (crm.my_teams())
$$;

ALTER TABLE crm.viewed ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON crm.viewed FOR SELECT TO crm_auditor, crm_administrator USING (
    (SELECT crm.my_role()) IN ('auditor', 'administrator'));
CREATE POLICY seen_of_team ON crm.viewed FOR SELECT TO crm_supervisor USING (
    (SELECT crm.my_role()) = 'supervisor' AND login = ANY ((SELECT crm.my_colleagues())::name[]));
GRANT SELECT ON crm.viewed TO crm_auditor, crm_administrator, crm_supervisor;
GRANT EXECUTE ON FUNCTION crm.my_colleagues() TO crm_supervisor;
GRANT EXECUTE ON FUNCTION crm.record_views(uuid, jsonb) TO crm_agent;
