-- What a desk asks first in every pull: who am I here, and which of my operations does this snapshot show.

-- Everything that decides what a desk holds; any difference makes it load or drop what is concerned.
CREATE OR REPLACE FUNCTION crm.my_scope() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'login', session_user, 'agent_id', crm.my_agent(), 'role', crm.my_role(), 'teams', to_jsonb(crm.my_teams()),
        'window_days', m.window_days, 'schema', m.schema_version, 'min_client', m.min_client,
        'message', m.message, 'test', m.test, 'server', m.server_id)
    FROM crm.meta m
$$;

-- The largest n of a desk of mine up to which every pointer is stamped in this snapshot. Stamping goes in the
-- order of ids, and the pointers of one operation become visible at once: the last one speaks for all.
CREATE OR REPLACE FUNCTION crm.reached(p_device uuid) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found bigint;
    one record;
BEGIN
    SELECT d.last_n INTO found FROM crm.device d WHERE d.id = p_device AND d.login = session_user;
    IF found IS NULL THEN
        RAISE EXCEPTION 'This desk belongs to another account.' USING ERRCODE = 'CR001';
    END IF;
    FOR one IN SELECT o.n, o.feed_to FROM crm.op o WHERE o.device = p_device ORDER BY o.n DESC LOOP
        CONTINUE WHEN one.feed_to IS NULL;
        EXIT WHEN NOT EXISTS (SELECT 1 FROM crm.feed f WHERE f.id = one.feed_to AND f.seq IS NULL);
        found := one.n - 1;
    END LOOP;
    RETURN found;
END
$$;

GRANT EXECUTE ON FUNCTION crm.my_scope(), crm.reached(uuid) TO crm_agent;
