-- The bulk lane: rows of another store or of a file, many at a time, brought in by an administrator.
--
-- A desk copies rows into crm.staging_<table>, numbered from 1 in each table, and has them merged in batches. A
-- batch is one transaction with one pointer ("reload", tab and range of ids) and one line of the audit, instead of
-- one of each a row: a million rows would hold the sequencer for seconds. Whatever breaks off goes on where it
-- stopped, and rows that are here (by id, or by the number of the system they come from) are left as they are.
CREATE TABLE IF NOT EXISTS crm.load (
    id uuid PRIMARY KEY,
    login name NOT NULL,
    digest text NOT NULL,
    tabs text[] NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    busy xid8
);
COMMENT ON TABLE crm.load IS
    'one row a load: digest of what is loaded, its tables in order; busy is the transaction that merges a batch';
CREATE TABLE IF NOT EXISTS crm.load_part (
    load uuid NOT NULL REFERENCES crm.load ON DELETE CASCADE,
    tab text NOT NULL,
    merged bigint NOT NULL DEFAULT 0,
    added bigint NOT NULL DEFAULT 0,
    same bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (load, tab)
);
COMMENT ON TABLE crm.load_part IS 'how far a load has come in each table: merged is the last number';
CREATE TABLE IF NOT EXISTS crm.load_refused (
    load uuid NOT NULL REFERENCES crm.load ON DELETE CASCADE,
    tab text NOT NULL,
    pk uuid NOT NULL,
    why text NOT NULL,
    PRIMARY KEY (load, tab, pk)
);
COMMENT ON TABLE crm.load_refused IS 'rows that were not taken: why names the column whose record is not here, or "erased"';

-- Staged rows live for minutes, and an upgrade may give a table another column: made anew each time. Who may
-- insert can read nothing, and what is staged counts only when crm.merge_load() takes it.
DO $$
DECLARE
    one crm.entity;
BEGIN
    FOR one IN SELECT * FROM crm.entity LOOP
        EXECUTE pg_catalog.format('DROP TABLE IF EXISTS crm.%I', 'staging_' || one.tab);
        EXECUTE pg_catalog.format(
            'CREATE UNLOGGED TABLE crm.%I (load uuid NOT NULL, row_n bigint NOT NULL, LIKE crm.%I, PRIMARY KEY (load, row_n))',
            'staging_' || one.tab, one.tab);
        EXECUTE pg_catalog.format('GRANT INSERT ON crm.%I TO crm_administrator', 'staging_' || one.tab);
        IF 'external_id' = ANY (one.columns) THEN
            EXECUTE pg_catalog.format(
                'CREATE INDEX IF NOT EXISTS %I ON crm.%I (pg_catalog.hashtextextended(external_id, 0))'
                ' WHERE external_id <> ''''', 'ix_' || one.tab || '_external', one.tab);
        END IF;
    END LOOP;
END
$$;

-- Whether this transaction is merging a batch. The setting spares other transactions the look; it proves nothing,
-- as anybody may set it.
CREATE OR REPLACE FUNCTION crm.in_bulk() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM crm.load l WHERE l.busy = pg_current_xact_id_if_assigned());
END
$$;

-- Begin a load, or go on with it: returns for each table the last number that is here, staged or merged. The
-- digest says what is loaded; p_tabs are its tables, those first that others refer to.
CREATE OR REPLACE FUNCTION crm.begin_load(p_id uuid, p_digest text, p_tabs text[]) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held crm.load;
    part text;
    staged bigint;
    here jsonb := '{}';
BEGIN
    PERFORM crm.require_administrator();
    IF EXISTS (SELECT 1 FROM unnest(p_tabs) t WHERE NOT EXISTS (SELECT 1 FROM crm.entity e WHERE e.tab = t)) THEN
        RAISE EXCEPTION 'There is no such table.' USING ERRCODE = 'CR006';
    END IF;
    INSERT INTO crm.load (id, login, digest, tabs) VALUES (p_id, session_user, p_digest, p_tabs)
    ON CONFLICT (id) DO NOTHING;
    SELECT * INTO held FROM crm.load l WHERE l.id = p_id FOR UPDATE;
    IF held.login <> session_user OR held.digest <> p_digest OR held.tabs <> p_tabs THEN
        RAISE EXCEPTION 'This load is another one.' USING ERRCODE = 'CR004';
    END IF;
    INSERT INTO crm.load_part (load, tab) SELECT p_id, t FROM unnest(p_tabs) t ON CONFLICT DO NOTHING;
    FOREACH part IN ARRAY p_tabs LOOP
        EXECUTE format('SELECT max(s.row_n) FROM crm.%I s WHERE s.load = $1', 'staging_' || part) INTO staged USING p_id;
        here := here || (
            SELECT jsonb_build_object(part, greatest(p.merged, staged))
            FROM crm.load_part p WHERE p.load = p_id AND p.tab = part);
    END LOOP;
    RETURN here;
END
$$;

-- Merge the next batch of a table, at most 5 000 rows. Returns {"merged": last number, "added", "same",
-- "refused"}, counts of this batch; all 0 when nothing is staged.
CREATE OR REPLACE FUNCTION crm.merge_load(p_id uuid, p_tab text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
DECLARE
    batch CONSTANT integer := 5000;
    held crm.load;
    part crm.load_part;
    done record;
BEGIN
    PERFORM crm.require_administrator();
    UPDATE crm.load l SET busy = pg_current_xact_id() WHERE l.id = p_id AND l.login = session_user
    RETURNING * INTO held;
    SELECT * INTO part FROM crm.load_part p WHERE p.load = p_id AND p.tab = p_tab;
    IF held.id IS NULL OR part.tab IS NULL THEN
        RAISE EXCEPTION 'There is no such load.' USING ERRCODE = 'CR006';
    END IF;
    PERFORM set_config('crm.bulk', 'on', true);
    EXECUTE crm.merge_statement(p_tab) INTO done USING p_id, part.merged, part.merged + batch;
    PERFORM set_config('crm.bulk', '', true);
    UPDATE crm.load l SET busy = NULL WHERE l.id = p_id;
    IF done.added > 0 THEN
        PERFORM crm.note_batch(held, p_tab, done.low, done.high, done.added);
    END IF;
    EXECUTE format('DELETE FROM crm.%I s WHERE s.load = $1 AND s.row_n <= $2', 'staging_' || p_tab)
    USING p_id, done.upto;
    UPDATE crm.load_part p SET
        merged = done.upto, added = p.added + done.added, same = p.same + done.same,
        refused = p.refused + done.refused
    WHERE p.load = p_id AND p.tab = p_tab;
    RETURN jsonb_build_object('merged', done.upto, 'added', done.added, 'same', done.same, 'refused', done.refused);
END
$$;

-- What merges a batch of a table: $1 the load, rows after number $2 up to $3. A row waits for the records that it
-- names; of those that came with it in this load the tables before hold them.
CREATE OR REPLACE FUNCTION crm.merge_statement(p_tab text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names CONSTANT text[] := (SELECT e.columns FROM crm.entity e WHERE e.tab = p_tab);
    listed CONSTANT text := (SELECT string_agg(quote_ident(c), ', ') FROM unnest(names) c);
    missing text;
    whose text;
BEGIN
    SELECT string_agg(format(
        'WHEN b.%1$I IS NOT NULL AND NOT EXISTS (SELECT 1 FROM crm.%2$I o WHERE o.id = b.%1$I) THEN %1$L',
        r.name, r.tab), ' ')
    INTO missing
    FROM (VALUES ('customer_id', 'customer'), ('contact_id', 'contact'), ('asset_id', 'asset'),
                 ('visit_id', 'service_visit'), ('call_id', 'call'), ('article_id', 'article')) r (name, tab)
    WHERE r.name = ANY (names);
    SELECT string_agg(format('b.%I', c), ', ') INTO whose
    FROM unnest(names) c WHERE c IN ('id', 'customer_id', 'asset_id');
    -- One pass, no join: nobody has counted the staged rows, and the planner takes five thousand for one.
    RETURN format(
        'WITH batch AS ('
        'SELECT s.*, %7$s AS nth FROM crm.%1$I s WHERE s.load = $1 AND s.row_n > $2 AND s.row_n <= $3'
        '), judged AS MATERIALIZED ('
        'SELECT b.*, CASE'
        ' WHEN EXISTS (SELECT 1 FROM crm.%2$I o WHERE o.id = b.id) THEN ''same'''
        ' %3$s'
        ' WHEN EXISTS (SELECT 1 FROM crm.erased e WHERE e.row_id IN (%4$s)) THEN ''erased'''
        ' %5$s ELSE '''' END AS judged_as FROM batch b'
        '), added AS ('
        'INSERT INTO crm.%2$I (%6$s) SELECT %6$s FROM judged j WHERE j.judged_as = '''' ORDER BY j.row_n'
        ' ON CONFLICT (id) DO NOTHING RETURNING id'
        '), refused AS ('
        'INSERT INTO crm.load_refused (load, tab, pk, why) SELECT $1, %2$L, j.id, j.judged_as FROM judged j'
        ' WHERE j.judged_as NOT IN ('''', ''same'') ON CONFLICT (load, tab, pk) DO UPDATE SET why = excluded.why RETURNING pk'
        '), counted AS ('
        'SELECT count(*) AS rows, max(j.row_n) AS upto FROM judged j'
        ') SELECT (SELECT count(*) FROM added) AS added, (SELECT count(*) FROM refused) AS refused,'
        ' c.rows - (SELECT count(*) FROM added) - (SELECT count(*) FROM refused) AS same,'
        ' (SELECT a.id FROM added a ORDER BY a.id LIMIT 1) AS low,'
        ' (SELECT a.id FROM added a ORDER BY a.id DESC LIMIT 1) AS high,'
        ' coalesce(c.upto, $2) AS upto FROM counted c',
        'staging_' || p_tab, p_tab,
        CASE WHEN 'external_id' = ANY (names) THEN format(
            'WHEN b.external_id <> '''' AND b.nth > 1 THEN ''same'''
            ' WHEN b.external_id <> '''' AND EXISTS (SELECT 1 FROM crm.%I o WHERE o.external_id <> '''''
            ' AND hashtextextended(o.external_id, 0) = hashtextextended(b.external_id, 0)'
            ' AND o.external_id = b.external_id) THEN ''same''', p_tab) ELSE '' END,
        whose, coalesce(missing, ''), listed,
        CASE WHEN 'external_id' = ANY (names)
            THEN 'row_number() OVER (PARTITION BY s.external_id ORDER BY s.row_n)' ELSE '1' END);
END
$$;

-- One pointer and one line of the audit for a batch: rows of p_tab with ids from p_low to p_high are to be looked
-- at again. Desks know the pointer by its table, "reload " and the name; its parent is the end of the range.
CREATE OR REPLACE FUNCTION crm.note_batch(
    p_load crm.load, p_tab text, p_low uuid, p_high uuid, p_rows bigint
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT crm.note_audit('reload ' || p_tab, p_low, NULL, jsonb_build_object(
        'load', p_load.id, 'digest', p_load.digest, 'from', p_low, 'to', p_high, 'rows', p_rows),
        p_high, p_load.id)
$$;

-- The load is whole. Returns for each table {"added", "same", "refused"}.
CREATE OR REPLACE FUNCTION crm.end_load(p_id uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM crm.require_administrator();
    UPDATE crm.load l SET ended_at = coalesce(l.ended_at, clock_timestamp())
    WHERE l.id = p_id AND l.login = session_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no such load.' USING ERRCODE = 'CR006';
    END IF;
    RETURN (
        SELECT jsonb_object_agg(p.tab, jsonb_build_object('added', p.added, 'same', p.same, 'refused', p.refused))
        FROM crm.load_part p WHERE p.load = p_id);
END
$$;

-- What a load left out: {"tab", "id", "why"} each, at most so many.
CREATE OR REPLACE FUNCTION crm.refused_of_load(p_id uuid, p_most integer) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM crm.require_administrator();
    RETURN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('tab', r.tab, 'id', r.pk, 'why', r.why)), '[]')
        FROM (SELECT * FROM crm.load_refused f WHERE f.load = p_id ORDER BY f.tab, f.pk LIMIT p_most) r
        JOIN crm.load l ON l.id = r.load AND l.login = session_user);
END
$$;

GRANT EXECUTE ON FUNCTION
    crm.begin_load(uuid, text, text[]), crm.merge_load(uuid, text), crm.end_load(uuid),
    crm.refused_of_load(uuid, integer) TO crm_administrator;
