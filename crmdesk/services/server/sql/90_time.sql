-- What is due by time: any connected desk may call it after a pull, the administrator's cron too. Nothing of
-- it depends on who calls or how often.

-- Forget what has served its time: requests for help after a day, views after the days of the policy, pointers
-- and ticks after 60 days. The last tick that goes stays as the anchor of the chain; a desk that was away for
-- longer finds its place gone and compares everything. Complaints go on by time. Returns how many rows went, and how
-- many steps and reminders were made.
CREATE OR REPLACE FUNCTION crm.run_due(p_limit integer DEFAULT 10000) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
    present CONSTANT timestamptz := crm.now();
    least_batch CONSTANT integer := 5000;
    room CONSTANT integer := greatest(least_batch, least(p_limit, 100000));
    help integer;
    views integer;
    pointers integer;
    upto bigint;
    complaints integer;
BEGIN
    IF crm.my_role() IS NULL THEN
        RAISE EXCEPTION 'The account % is nobody here.', session_user USING ERRCODE = 'CR003';
    END IF;
    DELETE FROM crm.help_request h WHERE h.asked_at < present - interval '1 day';
    GET DIAGNOSTICS help = ROW_COUNT;
    DELETE FROM crm.presence p WHERE p.seen_at < present - interval '1 day';
    DELETE FROM crm.viewed v WHERE v.ctid IN (
        SELECT w.ctid FROM crm.viewed w, crm.meta m
        WHERE w.at < present - make_interval(days => m.viewed_days) LIMIT room);
    GET DIAGNOSTICS views = ROW_COUNT;
    SELECT max(t.seq) INTO upto FROM crm.tick t
    WHERE t.at < present - interval '60 days' AND t.seq <= (SELECT min(s.seq) FROM crm.tick s) + room;
    DELETE FROM crm.feed f WHERE f.seq <= upto;
    GET DIAGNOSTICS pointers = ROW_COUNT;
    DELETE FROM crm.tick t WHERE t.seq < upto;
    complaints := crm.run_complaints_due(least(p_limit, 500));
    RETURN jsonb_build_object('help', help, 'views', views, 'pointers', pointers, 'complaints', complaints);
END
$$;

GRANT EXECUTE ON FUNCTION crm.run_due(integer) TO crm_agent;
