-- Who may read what. Agents write nothing by themselves: crm.push() does, and judges by session_user.
--
-- Replicated tables FORCE their policies, so that even a function of crm_owner sees no more than the person
-- who called it; crm_owner alone has policies to write. Inside such functions the question whether somebody
-- works here is asked without a call, because each statement of each operation asks it. Columns are granted one
-- by one, those of the entity only: that also keeps everybody but the owner from locking a table. Of tables
-- with restricted rows those that everybody sees: they are read by their view, see 42_restricted.sql.
DO $$
DECLARE
    one crm.entity;
    old record;
    guard record;
BEGIN
    FOR old IN
        SELECT c.relname AS tab, p.polname AS name
        FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
        WHERE c.relnamespace = 'crm'::pg_catalog.regnamespace
    LOOP
        EXECUTE pg_catalog.format('DROP POLICY %I ON crm.%I', old.name, old.tab);
    END LOOP;
    FOR one IN SELECT * FROM crm.entity LOOP
        EXECUTE pg_catalog.format('ALTER TABLE crm.%I ENABLE ROW LEVEL SECURITY', one.tab);
        EXECUTE pg_catalog.format('ALTER TABLE crm.%I FORCE ROW LEVEL SECURITY', one.tab);
        EXECUTE pg_catalog.format(
            'CREATE POLICY write_insert ON crm.%I FOR INSERT TO crm_owner WITH CHECK (true)', one.tab);
        EXECUTE pg_catalog.format(
            'CREATE POLICY write_update ON crm.%I FOR UPDATE TO crm_owner USING (true) WITH CHECK (true)', one.tab);
        EXECUTE pg_catalog.format(
            'CREATE POLICY write_delete ON crm.%I FOR DELETE TO crm_owner USING (true)', one.tab);
        FOR guard IN VALUES
            ('seen', 'crm_agent', '(SELECT crm.my_role()) IS NOT NULL'),
            ('seen_inside', 'crm_owner',
             '(EXISTS (SELECT 1 FROM crm.person p WHERE p.login = session_user AND p.active)'
             ' OR pg_has_role(session_user, ''crm_owner'', ''MEMBER''))')
        LOOP
            EXECUTE pg_catalog.format(
                'CREATE POLICY %I ON crm.%I FOR SELECT TO %I USING (%s %s)',
                guard.column1, one.tab, guard.column2, guard.column3,
                CASE WHEN one.team <> '' THEN pg_catalog.format(
                    'AND (%1$I IS NULL OR %1$I = ANY ((SELECT crm.my_teams())::uuid[])'
                    ' OR %2$I = (SELECT crm.my_agent())::text OR (SELECT crm.my_role()) = ''owner'' %3$s)',
                    one.team, one.author, CASE WHEN guard.column2 = 'crm_owner' THEN
                        'OR EXISTS (SELECT 1 FROM crm.sees_all s WHERE s.xact = pg_current_xact_id_if_assigned())'
                    END) END);
        END LOOP;
        EXECUTE pg_catalog.format('REVOKE ALL ON crm.%I FROM PUBLIC, crm_agent', one.tab);
        EXECUTE pg_catalog.format(
            'GRANT SELECT (%s) ON crm.%I TO crm_agent',
            (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(c), ', ') FROM pg_catalog.unnest(
                CASE WHEN one.shown = '{}' THEN one.columns ELSE one.shown END) c), one.tab);
    END LOOP;
END
$$;

ALTER TABLE crm.feed ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON crm.feed FOR SELECT TO crm_agent USING (
    (SELECT crm.my_role()) IS NOT NULL
    AND (teams = '{}' OR teams && (SELECT crm.my_audience())::uuid[]));
GRANT SELECT (id, seq, tab, pk, parent, teams) ON crm.feed TO crm_agent;

ALTER TABLE crm.tick ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON crm.tick FOR SELECT TO crm_agent USING ((SELECT crm.my_role()) IS NOT NULL);
GRANT SELECT (seq, fp, at) ON crm.tick TO crm_agent;

ALTER TABLE crm.device ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON crm.device FOR SELECT TO crm_agent USING (
    login = session_user OR (SELECT crm.my_role()) IN ('administrator', 'auditor'));
GRANT SELECT (id, login, tag, last_n, name, state, registered_at, seen_at) ON crm.device TO crm_agent;

ALTER TABLE crm.person ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON crm.person FOR SELECT TO crm_administrator, crm_auditor USING (
    (SELECT crm.my_role()) IN ('administrator', 'auditor'));
ALTER TABLE crm.member ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON crm.member FOR SELECT TO crm_administrator, crm_auditor USING (
    (SELECT crm.my_role()) IN ('administrator', 'auditor'));
GRANT SELECT ON crm.person, crm.member TO crm_administrator, crm_auditor;
