-- The desks. A desk is one profile of one person; its tag begins the numbers it gives out, so a tag is never
-- given twice: rows stay, and the counter behind the tags only goes up.
CREATE TABLE IF NOT EXISTS crm.device (
    id uuid PRIMARY KEY,
    login name NOT NULL,
    tag text NOT NULL UNIQUE CHECK (tag ~ '^[2-9A-HJKMNP-TV-Z]{3,8}$'),
    last_n bigint NOT NULL DEFAULT 0 CHECK (last_n >= 0),
    last_effective_at timestamptz,
    name text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'forgotten', 'confirmed')),
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE crm.device IS
    'one row a desk: whose it is, last number it pushed, forgotten when it is to destroy its store';
CREATE SEQUENCE IF NOT EXISTS crm.tag_number AS bigint MINVALUE 0 START 0;

-- The n-th tag: three characters, four when those are used up. Neighbours look different (the step shares
-- no factor with the number of tags), and no character is taken for another one.
CREATE OR REPLACE FUNCTION crm.tag_of(p_n bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    letters CONSTANT text := '23456789ABCDEFGHJKMNPQRSTVWXYZ';
    width integer := 3;
    room bigint := 27000;
    rest bigint := p_n;
    made text := '';
BEGIN
    WHILE rest >= room LOOP
        rest := rest - room;
        width := width + 1;
        room := room * 30;
    END LOOP;
    rest := (rest * 7919 + 4057) % room;
    FOR i IN 1..width LOOP
        made := made || substr(letters, (rest % 30)::integer + 1, 1);
        rest := rest / 30;
    END LOOP;
    RETURN made;
END
$$;

-- Make this desk known, or say hello again. p_tag_wanted is the tag it has, kept when nobody else ever had it.
CREATE OR REPLACE FUNCTION crm.register_device(p_id uuid, p_tag_wanted text, p_name text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    held crm.device;
    wanted text := p_tag_wanted;
BEGIN
    IF crm.my_agent() IS NULL THEN
        RAISE EXCEPTION 'The account % is nobody here.', session_user USING ERRCODE = 'CR003';
    END IF;
    IF wanted !~ '^[2-9A-HJKMNP-TV-Z]{3,8}$' THEN
        wanted := NULL;
    END IF;
    WHILE held.id IS NULL LOOP
        INSERT INTO crm.device (id, login, tag, name)
        VALUES (p_id, session_user, coalesce(wanted, crm.tag_of(nextval('crm.tag_number'))), left(p_name, 200))
        ON CONFLICT DO NOTHING;
        SELECT * INTO held FROM crm.device d WHERE d.id = p_id FOR UPDATE;
        wanted := NULL;
    END LOOP;
    IF held.login <> session_user THEN
        RAISE EXCEPTION 'This desk belongs to another account.' USING ERRCODE = 'CR001';
    END IF;
    UPDATE crm.device d SET seen_at = clock_timestamp(), name = coalesce(nullif(left(p_name, 200), ''), d.name)
    WHERE d.id = p_id;
    RETURN jsonb_build_object(
        'own_limit', crm.my_limit(), 'tag', held.tag, 'last_n', held.last_n, 'state', held.state, 'highest_number', crm.highest_number(held.tag));
END
$$;

-- What the person here may grant alone, by his role, in the smallest unit; empty when it is what the role may.
CREATE OR REPLACE FUNCTION crm.my_limit() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((
        SELECT jsonb_build_object(p.role, trunc(p.amount_limit * 100)) FROM crm.person p
        WHERE p.login = session_user AND p.active AND p.amount_limit IS NOT NULL), '{}')
$$;

-- The highest number that was given out under a tag: 0, every desk holds all heads and sees for itself.
CREATE OR REPLACE FUNCTION crm.highest_number(p_tag text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 0::bigint
$$;

-- The administrator's word that a desk is lost: it destroys its store when it next comes, and pushes nothing.
CREATE OR REPLACE FUNCTION crm.forget_device(p_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM crm.require_administrator();
    UPDATE crm.device d SET state = 'forgotten' WHERE d.id = p_id AND d.state = 'active';
    IF NOT FOUND AND NOT EXISTS (SELECT 1 FROM crm.device d WHERE d.id = p_id) THEN
        RAISE EXCEPTION 'There is no such desk.' USING ERRCODE = 'CR006';
    END IF;
END
$$;

-- The desk's word that its store is destroyed.
CREATE OR REPLACE FUNCTION crm.confirm_forgotten(p_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE crm.device d SET state = 'confirmed', seen_at = clock_timestamp()
    WHERE d.id = p_id AND d.login = session_user AND d.state <> 'active';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'No desk of yours is to be forgotten.' USING ERRCODE = 'CR001';
    END IF;
END
$$;

GRANT EXECUTE ON FUNCTION crm.register_device(uuid, text, text), crm.confirm_forgotten(uuid) TO crm_agent;
GRANT EXECUTE ON FUNCTION crm.forget_device(uuid) TO crm_administrator;
