-- Of a restricted complaint that another team handles, desks get number, state and whom to ask, and no more.
--
-- Of such a table only the columns that everybody may see are granted; all of them are read through this view: every
-- row, the other columns empty where neither team nor owner is the one who asks (the same who may read the file, see
-- 40_rights.sql). A row that names such a row (what it repeats, what it was merged into) does not say so either, as
-- that would tell whose it is. A task is restricted with its complaint; its own owner is told what is asked of him. The
-- view shows no row that the policies of its table do not, and judges by session_user
-- as they do. Who asks is looked up once a statement, and only when it meets a restricted row.
CREATE OR REPLACE FUNCTION crm.blank_of(p_type oid, p_required boolean) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN NOT p_required THEN 'NULL' WHEN p_type = 'text'::regtype THEN '''''::text'
        WHEN p_type = 'boolean'::regtype THEN 'false' WHEN p_type = 'bigint'::regtype THEN '0::bigint' END
$$;

CREATE OR REPLACE FUNCTION crm.shown_column(p crm.entity, p_column pg_catalog.pg_attribute) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hidden CONSTANT text := '(%1$s.restricted AND %1$s.team_id IS NOT NULL'
        ' AND NOT ARRAY[%1$s.team_id, %1$s.owner_id] && (SELECT crm.my_audience()))';
    names_one CONSTANT text :=
        format('EXISTS (SELECT 1 FROM crm.complaint other WHERE other.id = k.%%I AND %s)', format(hidden, 'other'));
    secret text;
BEGIN
    IF p_column.attname = ANY (p.shown) THEN
        RETURN format('k.%I', p_column.attname);
    END IF;
    secret := CASE WHEN p.follows = '' THEN format(hidden, 'k') ELSE format(names_one, p.follows) END;
    IF p_column.attname = ANY (p.kin) THEN
        secret := secret || ' OR ' || format(names_one, p_column.attname);
    ELSIF p_column.attname = ANY (p.owners) THEN
        secret := secret || ' AND k.owner_id IS DISTINCT FROM (SELECT crm.my_agent())';
    END IF;
    RETURN format(
        'CASE WHEN %s THEN %s ELSE k.%I END AS %3$I', secret,
        crm.blank_of(p_column.atttypid, p_column.attnotnull), p_column.attname);
END
$$;

DO $$
DECLARE
    one crm.entity;
    listed text;
BEGIN
    FOR one IN SELECT * FROM crm.entity e WHERE e.shown <> '{}' LOOP
        SELECT pg_catalog.string_agg(crm.shown_column(one, a), ', ' ORDER BY c.n) INTO listed
        FROM pg_catalog.unnest(one.columns) WITH ORDINALITY AS c(name, n)
        JOIN pg_catalog.pg_attribute a
            ON a.attrelid = pg_catalog.format('crm.%I', one.tab)::pg_catalog.regclass AND a.attname = c.name;
        EXECUTE pg_catalog.format('DROP VIEW IF EXISTS crm.%I', one.tab || '_head');
        EXECUTE pg_catalog.format(
            'CREATE VIEW crm.%I AS SELECT %s FROM crm.%I AS k', one.tab || '_head', listed, one.tab);
        EXECUTE pg_catalog.format(
            'GRANT SELECT (%s) ON crm.%I TO crm_agent',
            (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(c), ', ') FROM pg_catalog.unnest(one.columns) c),
            one.tab || '_head');
    END LOOP;
END
$$;
