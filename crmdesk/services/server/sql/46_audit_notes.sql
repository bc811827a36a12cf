-- Entries of the audit for what is no row of a replicated table: rights, erasures, batches of a load. They stand in
-- the same chain, in the order of their pointers; desks pass over the pointer of a table they know nothing of.
CREATE OR REPLACE FUNCTION crm.note_audit(
    p_tab text, p_pk uuid, p_before jsonb, p_after jsonb, p_parent uuid DEFAULT NULL, p_op uuid DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    line crm.audit;
    salt CONSTANT bytea := uuid_send(gen_random_uuid());
BEGIN
    IF p_before IS NOT DISTINCT FROM p_after THEN
        RETURN;
    END IF;
    line.n := crm.point(p_tab, p_pk, p_parent, '{}');
    line.op := coalesce(p_op, nullif(current_setting('crm.op', true), '')::uuid);
    line.device := nullif(current_setting('crm.device', true), '');
    line.login := session_user;
    line.tab := p_tab;
    line.pk := p_pk;
    line.rev := 0;
    line.fields := '{}';
    line.at := clock_timestamp();
    line.value_digest := crm.value_digest(salt, p_before, p_after);
    line.digest := crm.audit_digest(line);
    INSERT INTO crm.audit SELECT line.*;
    INSERT INTO crm.audit_value (audit, salt, before, after) VALUES (line.n, salt, p_before, p_after);
END
$$;

-- Who may do what is part of the audit, whoever changed it and by whatever statement: role, limit, access and
-- teams of a person, before and after. pk is the id of the agent that all desks show.
CREATE OR REPLACE FUNCTION crm.on_right() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was CONSTANT jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    shown CONSTANT jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    whose uuid;
BEGIN
    SELECT p.agent_id INTO whose FROM crm.person p WHERE p.login = coalesce(shown, was) ->> 'login';
    PERFORM crm.note_audit(
        TG_TABLE_NAME, coalesce(whose, (was ->> 'agent_id')::uuid, (was ->> 'team')::uuid), was, shown);
    RETURN NULL;
END
$$;

DO $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['person', 'member'] LOOP
        EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS crm_right ON crm.%I', one);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER crm_right AFTER INSERT OR UPDATE OR DELETE ON crm.%I'
            ' FOR EACH ROW EXECUTE FUNCTION crm.on_right()', one);
    END LOOP;
END
$$;
