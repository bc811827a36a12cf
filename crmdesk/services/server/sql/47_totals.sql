-- How many lines the time line of each customer has, and when the last one was, so that a desk that holds the
-- last months only can say "12 of 57 contacts here". A narrow table of its own: customer.rev stays the revision of
-- what people wrote, and the audit is not filled with counting. It has no pointers of its own either: a line that
-- comes, moves or goes leaves one that names its customer (crm.feed.parent), and desks read his total with it.
CREATE TABLE IF NOT EXISTS crm.contact_total (
    customer_id uuid PRIMARY KEY,
    contact_count bigint NOT NULL CHECK (contact_count > 0),
    last_contact timestamptz NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE crm.contact_total IS 'lines of each customer''s time line, and when the last was; without a row he has none';

CREATE OR REPLACE FUNCTION crm.count_line(p_customer uuid, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO crm.contact_total AS t (customer_id, contact_count, last_contact) VALUES (p_customer, 1, p_at)
    ON CONFLICT (customer_id) DO UPDATE SET
        contact_count = t.contact_count + 1, last_contact = greatest(t.last_contact, excluded.last_contact);
END
$$;

-- p_fewer lines of him went, 0: one has another moment. The lock comes first: the statement after it sees what
-- others counted meanwhile.
CREATE OR REPLACE FUNCTION crm.count_again(p_customer uuid, p_fewer integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held bigint;
BEGIN
    SELECT t.contact_count INTO held FROM crm.contact_total t WHERE t.customer_id = p_customer FOR UPDATE;
    IF held <= p_fewer THEN
        DELETE FROM crm.contact_total t WHERE t.customer_id = p_customer;
    ELSE
        UPDATE crm.contact_total t SET
            contact_count = t.contact_count - p_fewer,
            last_contact = coalesce(
                (SELECT max(l.at) FROM crm.interaction l WHERE l.customer_id = p_customer), t.last_contact)
        WHERE t.customer_id = p_customer;
    END IF;
END
$$;

-- Of a line that moves, the customer with the smaller id comes first: two that move at once never wait for each
-- other. Where a line goes to nobody its pointer names nobody, so the one it leaves gets a pointer here.
CREATE OR REPLACE FUNCTION crm.on_line() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    came CONSTANT uuid := CASE WHEN TG_OP <> 'DELETE' THEN NEW.customer_id END;
    gone CONSTANT uuid := CASE WHEN TG_OP <> 'INSERT' THEN OLD.customer_id END;
BEGIN
    IF came = gone THEN
        PERFORM crm.count_again(came, 0);
    ELSIF came < gone THEN
        PERFORM crm.count_line(came, NEW.at);
        PERFORM crm.count_again(gone, 1);
    ELSE
        IF gone IS NOT NULL THEN
            PERFORM crm.count_again(gone, 1);
        END IF;
        IF came IS NOT NULL THEN
            PERFORM crm.count_line(came, NEW.at);
        ELSIF TG_OP = 'UPDATE' THEN
            PERFORM crm.point('interaction', OLD.id, gone, '{}');
        END IF;
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS crm_total_came ON crm.interaction;
CREATE TRIGGER crm_total_came AFTER INSERT ON crm.interaction
    FOR EACH ROW WHEN (NEW.customer_id IS NOT NULL) EXECUTE FUNCTION crm.on_line();
DROP TRIGGER IF EXISTS crm_total_changed ON crm.interaction;
CREATE TRIGGER crm_total_changed AFTER UPDATE ON crm.interaction
    FOR EACH ROW WHEN (OLD.customer_id IS DISTINCT FROM NEW.customer_id OR OLD.at <> NEW.at)
    EXECUTE FUNCTION crm.on_line();
DROP TRIGGER IF EXISTS crm_total_gone ON crm.interaction;
CREATE TRIGGER crm_total_gone AFTER DELETE ON crm.interaction
    FOR EACH ROW WHEN (OLD.customer_id IS NOT NULL) EXECUTE FUNCTION crm.on_line();

-- Totals that are not what one counts; contact_count 0: there should be none.
CREATE OR REPLACE FUNCTION crm.wrong_totals()
RETURNS TABLE (customer_id uuid, contact_count bigint, last_contact timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(c.customer_id, t.customer_id), coalesce(c.lines, 0), c.last
    FROM (SELECT l.customer_id, count(*) AS lines, max(l.at) AS last
          FROM crm.interaction l WHERE l.customer_id IS NOT NULL GROUP BY l.customer_id) c
    FULL JOIN crm.contact_total t ON t.customer_id = c.customer_id
    WHERE (c.lines, c.last) IS DISTINCT FROM (t.contact_count, t.last_contact)
$$;

-- Set them right; an upgrade does it. Desks hear of it by their daily comparison. Returns how many were wrong.
CREATE OR REPLACE FUNCTION crm.set_totals_right() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    PERFORM crm.require_administrator();
    -- Whoever counts a line waits; what was counted before is seen by the statement that follows.
    LOCK TABLE crm.contact_total IN SHARE ROW EXCLUSIVE MODE;
    WITH wrong AS MATERIALIZED (
        SELECT * FROM crm.wrong_totals()
    ), gone AS (
        DELETE FROM crm.contact_total t USING wrong w WHERE t.customer_id = w.customer_id AND w.contact_count = 0
    ), laid AS (
        INSERT INTO crm.contact_total SELECT * FROM wrong w WHERE w.contact_count > 0
        ON CONFLICT (customer_id) DO UPDATE SET
            contact_count = excluded.contact_count, last_contact = excluded.last_contact
    )
    SELECT count(*) INTO found FROM wrong;
    RETURN found;
END
$$;

ALTER TABLE crm.contact_total ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON crm.contact_total FOR SELECT TO crm_agent USING ((SELECT crm.my_role()) IS NOT NULL);
GRANT SELECT (customer_id, contact_count, last_contact) ON crm.contact_total TO crm_agent;
GRANT EXECUTE ON FUNCTION crm.wrong_totals() TO crm_administrator, crm_auditor;
GRANT EXECUTE ON FUNCTION crm.set_totals_right() TO crm_administrator;
SELECT crm.set_totals_right();
