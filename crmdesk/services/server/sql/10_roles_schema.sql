-- Roles and the schema; run by the administrator who installs.
-- Nobody logs in as one of these: a person has a role of his own and is a member of crm_agent.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['crm_owner', 'crm_agent', 'crm_supervisor', 'crm_administrator', 'crm_auditor']
    LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
    IF NOT pg_catalog.pg_has_role(current_user, 'crm_owner', 'MEMBER') THEN
        EXECUTE pg_catalog.format('GRANT crm_owner TO %I', current_user);
    END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS crm AUTHORIZATION crm_owner;
GRANT USAGE ON SCHEMA crm TO crm_agent;

-- What crm_owner makes from here on is nobody's until it is granted.
ALTER DEFAULT PRIVILEGES FOR ROLE crm_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
