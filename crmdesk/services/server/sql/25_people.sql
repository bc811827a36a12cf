-- Who works here, by the name of the account. Judged by session_user everywhere: SECURITY DEFINER and SET ROLE
-- change nothing about who sits there.
CREATE TABLE IF NOT EXISTS crm.person (
    login name PRIMARY KEY,
    agent_id uuid NOT NULL UNIQUE,
    role text NOT NULL CHECK (role IN ('agent', 'supervisor', 'administrator', 'auditor')),
    amount_limit numeric CHECK (amount_limit >= 0),
    active boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE crm.person IS 'one row an account; without an active one an account sees and does nothing';

CREATE TABLE IF NOT EXISTS crm.member (
    login name NOT NULL REFERENCES crm.person ON DELETE CASCADE,
    team uuid NOT NULL,
    PRIMARY KEY (login, team)
);
COMMENT ON TABLE crm.member IS 'who belongs to which team';

-- agent, supervisor, administrator, auditor; NULL for nobody; owner for those who own the database anyway.
CREATE OR REPLACE FUNCTION crm.my_role() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce(
        (SELECT p.role FROM crm.person p WHERE p.login = session_user AND p.active),
        CASE WHEN pg_has_role(session_user, 'crm_owner', 'MEMBER') THEN 'owner' END);
END
$$;

CREATE OR REPLACE FUNCTION crm.my_agent() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT p.agent_id FROM crm.person p WHERE p.login = session_user AND p.active);
END
$$;

CREATE OR REPLACE FUNCTION crm.my_teams() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(m.team ORDER BY m.team), '{}')
        FROM crm.member m JOIN crm.person p USING (login)
        WHERE m.login = session_user AND p.active);
END
$$;

-- Whom a pointer is for: my teams, and myself for what I wrote to others.
CREATE OR REPLACE FUNCTION crm.my_audience() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT crm.my_teams() || coalesce(array[crm.my_agent()], '{}')
$$;

CREATE OR REPLACE FUNCTION crm.require_administrator() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(crm.my_role(), '') NOT IN ('administrator', 'owner') THEN
        RAISE EXCEPTION 'Only an administrator may do that.' USING ERRCODE = 'CR004';
    END IF;
END
$$;

-- A team as all desks see it; what is NULL stays as it is, or empty. Returns its id.
CREATE OR REPLACE FUNCTION crm.set_team(
    p_id uuid, p_key text, p_queue text DEFAULT NULL, p_name_en text DEFAULT NULL, p_name_zh text DEFAULT NULL
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known uuid;
BEGIN
    PERFORM crm.require_administrator();
    PERFORM crm.begin_operation(NULL, NULL);
    SELECT t.id INTO known FROM crm.team t WHERE t.id = p_id OR t.key = p_key ORDER BY t.id = p_id DESC LIMIT 1;
    IF known IS NULL THEN
        known := coalesce(p_id, gen_random_uuid());
        INSERT INTO crm.team (id, rev, key, queue, name_en, name_zh)
        VALUES (known, 1, p_key, coalesce(p_queue, ''), coalesce(p_name_en, p_key), coalesce(p_name_zh, p_key));
    ELSE
        UPDATE crm.team t SET
            rev = t.rev + 1, key = p_key, queue = coalesce(p_queue, t.queue),
            name_en = coalesce(p_name_en, t.name_en), name_zh = coalesce(p_name_zh, t.name_zh)
        WHERE t.id = known AND (t.key, t.queue, t.name_en, t.name_zh) IS DISTINCT FROM (
            p_key, coalesce(p_queue, t.queue), coalesce(p_name_en, t.name_en), coalesce(p_name_zh, t.name_zh));
    END IF;
    RETURN known;
END
$$;

-- A person with his rights, and the agent that all desks see; what is NULL stays as it is, or empty.
-- The account itself (CREATE ROLE, its password, GRANT crm_agent) is the administrator's own statement.
CREATE OR REPLACE FUNCTION crm.set_person(
    p_login name, p_agent uuid, p_role text, p_teams uuid[], p_limit numeric,
    p_name_en text DEFAULT NULL, p_name_zh text DEFAULT NULL, p_extension text DEFAULT NULL
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known crm.person;
    agent_id uuid;
BEGIN
    PERFORM crm.require_administrator();
    PERFORM crm.begin_operation(NULL, NULL);
    SELECT * INTO known FROM crm.person p WHERE p.login = p_login FOR UPDATE;
    agent_id := coalesce(known.agent_id, p_agent, gen_random_uuid());
    INSERT INTO crm.person (login, agent_id, role, amount_limit, active)
    VALUES (p_login, agent_id, coalesce(p_role, known.role, 'agent'), coalesce(p_limit, known.amount_limit), true)
    ON CONFLICT (login) DO UPDATE SET role = excluded.role, amount_limit = excluded.amount_limit, active = true;
    IF p_teams IS NOT NULL THEN
        DELETE FROM crm.member m WHERE m.login = p_login AND m.team <> ALL (p_teams);
        INSERT INTO crm.member (login, team) SELECT p_login, t FROM unnest(p_teams) t ON CONFLICT DO NOTHING;
    END IF;
    PERFORM crm.show_agent(agent_id, p_login, p_teams[1], p_name_en, p_name_zh, p_extension);
    RETURN agent_id;
END
$$;

-- Bring the row of crm.agent level with the person.
CREATE OR REPLACE FUNCTION crm.show_agent(
    p_id uuid, p_login name, p_team uuid, p_name_en text, p_name_zh text, p_extension text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who crm.person;
    held crm.agent;
    wanted crm.agent;
BEGIN
    SELECT * INTO who FROM crm.person p WHERE p.login = p_login;
    SELECT * INTO held FROM crm.agent a WHERE a.id = p_id;
    IF held.id IS NULL THEN
        INSERT INTO crm.agent (id, rev, login, name_en, name_zh, extension, team_id, role, languages, active)
        VALUES (p_id, 1, p_login, coalesce(p_name_en, p_login), coalesce(p_name_zh, p_login),
                coalesce(p_extension, ''), p_team, who.role, '{}', who.active);
        RETURN;
    END IF;
    wanted := held;
    wanted.login := p_login;
    wanted.role := who.role;
    wanted.active := who.active;
    wanted.team_id := coalesce(p_team, held.team_id);
    wanted.name_en := coalesce(p_name_en, held.name_en);
    wanted.name_zh := coalesce(p_name_zh, held.name_zh);
    wanted.extension := coalesce(p_extension, held.extension);
    IF wanted IS DISTINCT FROM held THEN
        UPDATE crm.agent a SET
            rev = a.rev + 1, login = wanted.login, role = wanted.role, active = wanted.active,
            team_id = wanted.team_id, name_en = wanted.name_en, name_zh = wanted.name_zh,
            extension = wanted.extension
        WHERE a.id = p_id;
    END IF;
END
$$;

-- End the sessions of an account: taking a right away ends none. Returns how many.
CREATE OR REPLACE FUNCTION crm.end_sessions(p_login name) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended integer;
BEGIN
    PERFORM crm.require_administrator();
    SELECT count(*) FILTER (WHERE pg_terminate_backend(a.pid)) INTO ended
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.usename = p_login AND a.pid <> pg_backend_pid();
    RETURN ended;
END
$$;

-- From now on this account sees and does nothing; returns how many sessions were ended.
CREATE OR REPLACE FUNCTION crm.disable_person(p_login name) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    agent_id uuid;
BEGIN
    PERFORM crm.require_administrator();
    PERFORM crm.begin_operation(NULL, NULL);
    UPDATE crm.person p SET active = false WHERE p.login = p_login RETURNING p.agent_id INTO agent_id;
    IF agent_id IS NULL THEN
        RAISE EXCEPTION 'There is no account %.', p_login USING ERRCODE = 'CR006';
    END IF;
    PERFORM crm.show_agent(agent_id, p_login, NULL, NULL, NULL, NULL);
    RETURN crm.end_sessions(p_login);
END
$$;

GRANT EXECUTE ON FUNCTION crm.my_role(), crm.my_agent(), crm.my_teams(), crm.my_audience() TO crm_agent;
GRANT EXECUTE ON FUNCTION
    crm.set_team(uuid, text, text, text, text),
    crm.set_person(name, uuid, text, uuid[], numeric, text, text, text),
    crm.disable_person(name), crm.end_sessions(name) TO crm_administrator;
