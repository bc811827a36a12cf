-- Calls: what telephones tell of them and what agents do with them.

-- Merge what one desk heard into the call, its legs and its line; an unanswered call makes one call-back.
CREATE OR REPLACE FUNCTION crm.apply_call_seen(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given jsonb := crm.asked(o.payload, 'fields');
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    was crm.call;
    held crm.call;
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'fields', 'legs']);
    _ := crm.only(given, crm.fields_of(o.kind));
    SELECT * INTO was FROM crm.call WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        held := crm.new_call();
        held.started_at := o.at;
        held := crm.read_call(held, given);
        held.id := row_id;
        INSERT INTO crm.call SELECT held.*;
    ELSE
        IF was.identified_by <> '' THEN
            given := given - 'customer_id' - 'identified_by';
        END IF;
        held := crm.read_call(was, given);
        IF crm.rank_of(held.state) < crm.rank_of(was.state) THEN
            held.state := was.state;
        END IF;
        held.started_at := least(was.started_at, held.started_at);
        IF held IS DISTINCT FROM was THEN
            held.rev := was.rev + 1;
            _ := crm.lay_call(held);
        END IF;
    END IF;
    _ := crm.see_legs(row_id, crm.asked_list(o.payload, 'legs'));
    _ := crm.show_call(held);
    _ := crm.promise_call_back(o, held);
END
$$;

-- A call does not go back: an ended one does not ring again.
CREATE OR REPLACE FUNCTION crm.rank_of(p_state text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_state WHEN 'talking' THEN 1 WHEN 'ended' THEN 2 ELSE 0 END
$$;

-- A leg told twice in one operation is told by the last that says anything new: hence from the end.
CREATE OR REPLACE FUNCTION crm.see_legs(p_call uuid, p_legs jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given jsonb;
    row_id uuid;
    seen uuid[] := '{}';
    told crm.call_leg;
    was crm.call_leg;
    held crm.call_leg;
    _ text;
BEGIN
    FOR n IN REVERSE jsonb_array_length(p_legs) - 1..0
    LOOP
        given := p_legs -> n;
        _ := crm.only(given, crm.fields_of('leg'));
        told := crm.read_call_leg(crm.new_call_leg(), given);
        row_id := crm.asked_id(given, 'id');
        CONTINUE WHEN row_id = ANY (seen);
        SELECT * INTO was FROM crm.call_leg WHERE id = row_id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            told.call_id := p_call;
            INSERT INTO crm.call_leg SELECT told.*;
            seen := seen || row_id;
            CONTINUE;
        END IF;
        held := was;
        held.call_id := coalesce(told.call_id, was.call_id);
        held.leg_key := coalesce(nullif(told.leg_key, ''), was.leg_key);
        held.extension := coalesce(nullif(told.extension, ''), was.extension);
        held.agent_id := coalesce(told.agent_id, was.agent_id);
        held.rang_at := coalesce(told.rang_at, was.rang_at);
        held.answered_at := coalesce(told.answered_at, was.answered_at);
        held.ended_at := coalesce(told.ended_at, was.ended_at);
        held.result := coalesce(nullif(told.result, ''), was.result);
        IF held IS DISTINCT FROM was THEN
            held.rev := was.rev + 1;
            _ := crm.lay_call_leg(held);
            seen := seen || row_id;
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION crm.show_call(p_call crm.call) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    was CONSTANT crm.interaction := crm.line_of(p_call.id);
    line crm.interaction := was;
    _ text;
BEGIN
    line.customer_id := p_call.customer_id;
    line.kind := 'call';
    line.direction := p_call.direction;
    line.at := p_call.started_at;
    line.state := coalesce(nullif(p_call.result, ''), p_call.state);
    line.topic := p_call.topic;
    _ := crm.show(was, line);
END
$$;

CREATE OR REPLACE FUNCTION crm.promise_call_back(o crm.operation_in, p_call crm.call) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    within CONSTANT interval := '60 minutes';
    promise crm.task;
BEGIN
    IF p_call.state <> 'ended' OR p_call.direction <> 'in' OR p_call.number_value = ''
       OR p_call.result NOT IN ('abandoned', 'no_answer', 'missed') THEN
        RETURN;
    END IF;
    promise := crm.new_task();
    promise.id := crm.uuid5(p_call.id, 'callback');
    IF EXISTS (SELECT 1 FROM crm.task WHERE id = promise.id) THEN
        RETURN;
    END IF;
    promise.kind := 'callback';
    promise.customer_id := p_call.customer_id;
    promise.call_id := p_call.id;
    promise.number_value := p_call.number_value;
    promise.team_id := (
        SELECT t.id FROM crm.team t WHERE t.queue IN (p_call.queue, '') ORDER BY t.queue <> p_call.queue, t.id LIMIT 1);
    promise.due_at := coalesce(p_call.ended_at, o.at) + within;
    promise.created_at := o.at;
    INSERT INTO crm.task SELECT promise.*;
END
$$;

CREATE OR REPLACE FUNCTION crm.apply_call_wrap_up(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    wanted CONSTANT text := crm.asked_text(o.payload, 'topic');
    ending CONSTANT text := crm.asked_text(o.payload, 'disposition');
    seconds CONSTANT jsonb := crm.asked(o.payload, 'wrap_up_seconds');
    held crm.call;
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'disposition', 'wrap_up_seconds', 'topic', 'stretched']);
    SELECT * INTO held FROM crm.call WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'call');
    END IF;
    held.disposition := ending;
    held.wrap_up_seconds :=
        CASE WHEN seconds = 'null' THEN NULL ELSE crm.read_integer('wrap_up_seconds', seconds) END;
    held.topic := coalesce(nullif(wanted, ''), held.topic);
    held.rev := held.rev + 1;
    _ := crm.lay_call(held);
    IF wanted <> '' THEN
        UPDATE crm.interaction l SET topic = wanted, rev = l.rev + 1 WHERE l.id = row_id;
    END IF;
END
$$;

-- The call and what was written in it go to another customer, or to none.
CREATE OR REPLACE FUNCTION crm.apply_call_assign(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    owner CONSTANT uuid := crm.asked_link(o.payload, 'customer_id');
    how CONSTANT text := crm.asked_text(o.payload, 'by');
    was crm.call;
    held crm.call;
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'customer_id', 'by']);
    SELECT * INTO was FROM crm.call WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'call');
    END IF;
    held := was;
    held.customer_id := owner;
    held.identified_by := how;
    held.asset_id := NULL;
    held.rev := was.rev + 1;
    _ := crm.lay_call(held);
    UPDATE crm.interaction SET customer_id = owner, asset_id = NULL, rev = rev + 1 WHERE id = row_id;
    _ := crm.move_notes(row_id, owner);
    UPDATE crm.task SET customer_id = owner, rev = rev + 1 WHERE call_id = row_id;
    IF how = 'corrected' AND was.customer_id IS NOT NULL THEN
        UPDATE crm.contact_point SET warned_at = o.at, rev = rev + 1
        WHERE customer_id = was.customer_id AND value = was.number_value;
    END IF;
END
$$;

-- Notes that only another team may read move with their call, too: policies hide them from whoever moves it,
-- but not while this setting stands.
CREATE OR REPLACE FUNCTION crm.move_notes(p_call uuid, p_customer uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('crm.moving', p_call::text, true);
    UPDATE crm.note SET customer_id = p_customer, rev = rev + 1 WHERE call_id = p_call;
    PERFORM set_config('crm.moving', '', true);
END
$$;
DROP POLICY IF EXISTS moved ON crm.note;
CREATE POLICY moved ON crm.note FOR SELECT TO crm_owner USING (call_id::text = current_setting('crm.moving', true));

CREATE OR REPLACE FUNCTION crm.apply_call_verify(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    facts CONSTANT text[] := crm.read_words('facts', crm.asked(o.payload, 'facts'));
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'facts']);
    UPDATE crm.call SET verified = facts, rev = rev + 1 WHERE id = row_id;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'call');
    END IF;
END
$$;
