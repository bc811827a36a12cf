-- The rules themselves see all rows, whatever the person whose desk calls them may read: how often a cause was seen,
-- what was granted elsewhere, which complaints are due. A mark of this transaction in a table that nobody else can
-- write to, gone before the function that made it returns; never a setting, which anybody can make.
CREATE UNLOGGED TABLE IF NOT EXISTS crm.sees_all (xact xid8 PRIMARY KEY);
COMMENT ON TABLE crm.sees_all IS 'transactions in which the rules themselves look at rows of all teams';

-- Returns false when it was so already: then whoever began it ceases.
CREATE OR REPLACE FUNCTION crm.begin_to_see_all() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO crm.sees_all VALUES (pg_current_xact_id()) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

CREATE OR REPLACE FUNCTION crm.cease_to_see_all() RETURNS void LANGUAGE sql AS $$
    DELETE FROM crm.sees_all WHERE xact = pg_current_xact_id()
$$;
