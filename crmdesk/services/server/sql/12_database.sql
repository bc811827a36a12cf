-- Rights on the database itself, which a copy of it does not inherit; run by the administrator who installs.
-- Each part may need more than this administrator has: what he may not do is told as a warning and goes on.
DO $$
DECLARE
    here CONSTANT text := pg_catalog.current_database();
    part text;
    found record;
BEGIN
    FOREACH part IN ARRAY ARRAY[
        pg_catalog.format('REVOKE ALL ON DATABASE %I FROM PUBLIC', here),
        pg_catalog.format('GRANT CONNECT ON DATABASE %I TO crm_agent, crm_owner', here),
        'REVOKE ALL ON SCHEMA public FROM PUBLIC',
        -- A dead desk must not hold its locks for hours.
        pg_catalog.format('ALTER DATABASE %I SET tcp_keepalives_idle = 5', here),
        pg_catalog.format('ALTER DATABASE %I SET tcp_keepalives_interval = 2', here),
        pg_catalog.format('ALTER DATABASE %I SET tcp_keepalives_count = 2', here),
        pg_catalog.format('ALTER DATABASE %I SET tcp_user_timeout = 5000', here),
        pg_catalog.format('ALTER DATABASE %I SET client_connection_check_interval = %L', here, '5s'),
        pg_catalog.format('ALTER DATABASE %I SET temp_file_limit = %L', here, '2GB'),
        -- crm.reap() ends sessions that hold up all others.
        'GRANT pg_signal_backend TO crm_owner',
        'GRANT pg_read_all_stats TO crm_owner'
    ]
    LOOP
        BEGIN
            EXECUTE part;
        EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR object_not_in_prerequisite_state THEN
            RAISE WARNING 'not done: %', part;
        END;
    END LOOP;
    -- Nobody keeps files inside the database behind our back.
    FOR found IN
        SELECT p.oid::pg_catalog.regprocedure::text AS name,
               pg_catalog.pg_has_role(current_user, p.proowner, 'MEMBER') AS mine
        FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
          AND p.proname ~ '^(lo_|lowrite$|loread$)'
          AND EXISTS (
              SELECT 1
              FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
              WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')
    LOOP
        IF found.mine THEN
            EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || found.name || ' FROM PUBLIC';
        ELSE
            RAISE WARNING 'not done: REVOKE EXECUTE ON FUNCTION % FROM PUBLIC', found.name;
        END IF;
    END LOOP;
END
$$;
