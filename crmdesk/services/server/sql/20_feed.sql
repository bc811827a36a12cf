-- What changed, as pointers without content, and the sequencer that numbers them once they are committed.
--
-- Writers never queue for a number: they leave a pointer with seq NULL. crm.stamp() numbers pointers it can
-- see, that is committed ones, one stamper after the other, so a number never appears below one that a desk
-- has read. Ticks are only ever inserted and head is only ever locked: under a snapshot held open for an hour
-- nothing that is read here grows.
CREATE TABLE IF NOT EXISTS crm.feed (
    id bigint PRIMARY KEY,
    seq bigint UNIQUE,
    tab text NOT NULL,
    pk uuid NOT NULL,
    parent uuid,
    teams uuid[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE crm.feed IS 'one pointer a changed row; seq NULL until stamped; teams {} means everybody';
CREATE INDEX IF NOT EXISTS feed_unstamped ON crm.feed (id) WHERE seq IS NULL;
CREATE SEQUENCE IF NOT EXISTS crm.feed_id_seq AS bigint OWNED BY crm.feed.id;

CREATE TABLE IF NOT EXISTS crm.head (one boolean PRIMARY KEY DEFAULT true CHECK (one));
COMMENT ON TABLE crm.head IS 'the lock of stampers: one row that nobody ever changes';
INSERT INTO crm.head DEFAULT VALUES ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS crm.tick (
    seq bigint PRIMARY KEY,
    fp bytea NOT NULL,
    at timestamptz NOT NULL,
    floor bigint NOT NULL,
    next_floor bigint NOT NULL,
    next_xid xid8 NOT NULL
);
COMMENT ON TABLE crm.tick IS
    'one row a stamped batch: fp heads the chain over the audit; no unstamped pointer has an id up to floor,'
    ' and none up to next_floor once every transaction before next_xid has ended';
INSERT INTO crm.tick
SELECT 0, sha256(uuid_send(gen_random_uuid())), clock_timestamp(), 0, 0, '0'
WHERE NOT EXISTS (SELECT 1 FROM crm.tick);

-- Milliseconds since 1970 of the last hint, or of one somebody promised. A sequence, because its value is
-- changed in place: a row would leave a dead version behind five times a second.
CREATE SEQUENCE IF NOT EXISTS crm.hinted AS bigint MINVALUE 0 START 0;

-- A transaction has its number before it draws one for a pointer: crm.stamp() relies on it for the floor.
CREATE OR REPLACE FUNCTION crm.next_feed_id() RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_current_xact_id();
    RETURN nextval('crm.feed_id_seq');
END
$$;
ALTER TABLE crm.feed ALTER COLUMN id SET DEFAULT crm.next_feed_id();

-- A pointer to a row that did not change itself but must be looked at again, or is judged anew.
CREATE OR REPLACE FUNCTION crm.point(p_tab text, p_pk uuid, p_parent uuid, p_teams uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    INSERT INTO crm.feed (tab, pk, parent, teams) VALUES (p_tab, p_pk, p_parent, p_teams) RETURNING id INTO made;
    PERFORM set_config('crm.fed', made::text, true);
    RETURN made;
END
$$;

CREATE OR REPLACE FUNCTION crm.milliseconds() RETURNS bigint
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint
$$;

-- Whom the changes of the last two seconds are about, as a hint names them: the ends of the ids of customers, or of
-- the rows themselves; only what everybody may see. Nobody when there were many: then all desks take their time.
CREATE OR REPLACE FUNCTION crm.concerned() RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    many CONSTANT integer := 50;
    before bigint;
BEGIN
    SELECT t.seq INTO before FROM crm.tick t
    WHERE t.at < clock_timestamp() - interval '2 seconds' ORDER BY t.seq DESC LIMIT 1;
    RETURN (
        SELECT CASE WHEN count(*) <= many THEN
            string_agg(DISTINCT right(coalesce(f.parent, f.pk)::text, 12), ' ') FILTER (WHERE f.teams = '{}') END
        FROM (SELECT * FROM crm.feed r WHERE r.seq > before ORDER BY r.seq LIMIT many + 1) f);
END
$$;

-- Wake the desks, at most every 200 ms. Returns NULL when it did or when somebody promised to, else when the
-- caller is to call crm.hint(): from then on that is a promise.
CREATE OR REPLACE FUNCTION crm.hint_or_promise() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gap CONSTANT bigint := 200;
    present CONSTANT bigint := crm.milliseconds();
    last bigint;
BEGIN
    SELECT s.last_value INTO last FROM crm.hinted s;
    IF last BETWEEN present AND present + gap THEN
        RETURN NULL;
    END IF;
    IF last BETWEEN present - gap + 1 AND present THEN
        PERFORM setval('crm.hinted', last + gap);
        RETURN last + gap;
    END IF;
    PERFORM setval('crm.hinted', present);
    PERFORM pg_notify('crm', coalesce(crm.concerned(), ''));
    RETURN NULL;
END
$$;

-- Keep a promise to wake the desks.
CREATE OR REPLACE FUNCTION crm.hint() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM setval('crm.hinted', crm.milliseconds());
    PERFORM pg_notify('crm', coalesce(crm.concerned(), ''));
END
$$;

-- Number what is committed: at most 5 000 pointers, in one tick. Soundness, step by step:
--  * the lock comes first, each later statement takes a newer snapshot (hence READ COMMITTED only);
--  * next_floor is read from the sequence before this transaction has a number, next_xid is that number:
--    whoever drew an id up to next_floor has a smaller one;
--  * once the oldest running transaction is not before next_xid, those ids are committed and visible, or
--    gone: having stamped what is visible up to there, none is left.
CREATE OR REPLACE FUNCTION crm.stamp() RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
    batch CONSTANT integer := 5000;
    last crm.tick;
    drawn bigint;
    own xid8;
    oldest xid8;
    stamped bigint;
    top bigint;
    digests bytea;
    present CONSTANT timestamptz := clock_timestamp();
    due bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'crm.stamp() runs at READ COMMITTED only.' USING ERRCODE = 'CR005';
    END IF;
    SELECT * INTO last FROM crm.tick ORDER BY seq DESC LIMIT 1;
    IF NOT EXISTS (SELECT 1 FROM crm.feed WHERE seq IS NULL AND id > last.floor) THEN
        RETURN jsonb_build_object('stamped', 0, 'seq', last.seq, 'hint_due_at', NULL, 'hint_in_ms', NULL);
    END IF;
    IF pg_current_xact_id_if_assigned() IS NULL THEN
        SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END INTO drawn FROM crm.feed_id_seq s;
        own := pg_current_xact_id();
    END IF;
    PERFORM 1 FROM crm.head FOR UPDATE;
    SELECT * INTO last FROM crm.tick ORDER BY seq DESC LIMIT 1;
    SELECT pg_snapshot_xmin(pg_current_snapshot()) INTO oldest;
    WITH due AS (
        SELECT f.id FROM crm.feed f WHERE f.seq IS NULL AND f.id > last.floor ORDER BY f.id LIMIT batch
    ), numbered AS (
        SELECT d.id, last.seq + row_number() OVER (ORDER BY d.id) AS seq FROM due d
    ), written AS (
        UPDATE crm.feed f SET seq = n.seq FROM numbered n WHERE f.id = n.id RETURNING f.id
    )
    SELECT count(*), max(w.id), string_agg(a.digest, ''::bytea ORDER BY w.id)
    INTO stamped, top, digests
    FROM written w LEFT JOIN crm.audit a ON a.n = w.id;
    IF stamped = 0 THEN
        RETURN jsonb_build_object('stamped', 0, 'seq', last.seq, 'hint_due_at', NULL, 'hint_in_ms', NULL);
    END IF;
    IF last.next_xid > own THEN
        -- Drawn after ours, or in another cluster, before a restore: that one might never be reached.
        last.next_floor := drawn;
        last.next_xid := own;
    ELSIF last.next_xid <= oldest THEN
        last.floor := greatest(
            last.floor, CASE WHEN stamped < batch THEN last.next_floor ELSE least(last.next_floor, top) END);
        IF own IS NOT NULL THEN
            last.next_floor := drawn;
            last.next_xid := own;
        END IF;
    END IF;
    INSERT INTO crm.tick (seq, fp, at, floor, next_floor, next_xid)
    VALUES (
        last.seq + stamped, crm.chained(last.fp, last.seq + stamped, present, digests), present,
        last.floor, last.next_floor, last.next_xid);
    due := crm.hint_or_promise();
    RETURN jsonb_build_object(
        'stamped', stamped, 'seq', last.seq + stamped, 'hint_due_at', to_timestamp(due / 1000.0),
        'hint_in_ms', due - crm.milliseconds());
END
$$;

-- The next head of the chain: over the last one, the number and moment of the tick, and the digests of the
-- audit rows it covers, in the order of their numbers.
CREATE OR REPLACE FUNCTION crm.chained(p_fp bytea, p_seq bigint, p_at timestamptz, p_digests bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(p_fp || int8send(p_seq) || timestamptz_send(p_at) || coalesce(p_digests, ''::bytea))
$$;

-- End sessions of agents that hold up the others: idle in a transaction that wrote, or holding the lock of
-- stampers, for longer than p_older. Returns how many.
CREATE OR REPLACE FUNCTION crm.reap_older(p_older interval) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT (count(*) FILTER (WHERE pg_terminate_backend(a.pid)))::integer
    FROM pg_stat_activity a
    WHERE a.datname = current_database()
      AND a.pid <> pg_backend_pid()
      AND pg_has_role(a.usesysid, 'crm_agent', 'MEMBER')
      AND NOT pg_has_role(a.usesysid, 'crm_owner', 'MEMBER')
      AND (
          (a.state LIKE 'idle in transaction%' AND a.backend_xid IS NOT NULL
           AND a.state_change <= clock_timestamp() - p_older)
          OR (a.xact_start <= clock_timestamp() - p_older AND EXISTS (
              SELECT 1 FROM pg_locks l
              WHERE l.pid = a.pid AND l.granted AND l.relation = 'crm.head'::regclass)))
$$;

CREATE OR REPLACE FUNCTION crm.reap() RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT crm.reap_older('5 seconds')
$$;

GRANT EXECUTE ON FUNCTION crm.stamp(), crm.hint(), crm.reap() TO crm_agent;
