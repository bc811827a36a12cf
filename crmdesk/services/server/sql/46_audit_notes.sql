-- Entries of the audit for what is no row of a replicated table: rights, erasures. They stand in the same chain,
-- in the order of their pointers; desks know nothing of such a table and pass the pointer over.
CREATE OR REPLACE FUNCTION crm.note_audit(p_tab text, p_pk uuid, p_before jsonb, p_after jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    line crm.audit;
    salt CONSTANT bytea := uuid_send(gen_random_uuid());
BEGIN
    IF p_before IS NOT DISTINCT FROM p_after THEN
        RETURN;
    END IF;
    line.n := crm.point(p_tab, p_pk, NULL, '{}');
    line.op := nullif(current_setting('crm.op', true), '');
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
