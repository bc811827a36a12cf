-- Notes and tasks.

-- A note, and the line it shows in: of a team's note the line tells nothing. A known note stays as it is. That of a
-- complaint goes to the team that handles it, whoever did when it was written.
CREATE OR REPLACE FUNCTION crm.apply_note_append(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made crm.note := crm.new_note();
    held crm.call;
    file crm.complaint;
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'call_id', 'customer_id', 'text', 'team_id', 'complaint_id']);
    made.id := crm.asked_id(o.payload, 'id');
    made.call_id := crm.asked_link(o.payload, 'call_id');
    made.customer_id := crm.asked_link(o.payload, 'customer_id');
    made.text := crm.asked_text(o.payload, 'text');
    made.author := o.actor;
    made.at := o.at;
    IF o.payload ? 'team_id' THEN
        made.team_id := crm.asked_link(o.payload, 'team_id');
    END IF;
    IF o.payload ? 'complaint_id' THEN
        made.complaint_id := crm.asked_link(o.payload, 'complaint_id');
        -- Shared, so that nobody hands it over between this look and the note.
        SELECT * INTO file FROM crm.complaint WHERE id = made.complaint_id FOR SHARE;
        made.team_id := CASE WHEN FOUND THEN file.team_id ELSE made.team_id END;
    END IF;
    IF made.call_id IS NOT NULL THEN
        -- Shared, so that nobody gives the call to another customer between this look and the note.
        SELECT * INTO held FROM crm.call WHERE id = made.call_id FOR SHARE;
        IF FOUND THEN
            made.customer_id := held.customer_id;
        ELSE
            PERFORM crm.wait_for_parent(o);
        END IF;
    END IF;
    IF EXISTS (SELECT 1 FROM crm.note WHERE id = made.id) THEN
        RETURN;
    END IF;
    INSERT INTO crm.note SELECT made.*;
    IF made.complaint_id IS NULL THEN  -- else it shows in the complaint's own file
        _ := crm.show_note(made, held);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.show_note(p_note crm.note, p_call crm.call) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    was CONSTANT crm.interaction := crm.line_of(coalesce(p_call.id, p_note.id));
    line crm.interaction := was;
    words CONSTANT text := crm.stripped(p_note.text);
    first CONSTANT text := split_part(words, E'\n', 1);
    _ text;
BEGIN
    IF p_note.team_id IS NULL THEN
        line.subject := left(first, 120);
        line.summary := left(
            crm.stripped(substr(first, 121) || ' ' || substr(words, char_length(first) + 2)), 280);
    END IF;
    IF p_call.id IS NOT NULL THEN
        line.at := p_call.started_at;
    ELSE
        line.customer_id := p_note.customer_id;
        line.kind := 'note';
        line.at := p_note.at;
    END IF;
    _ := crm.show(was, line);
END
$$;

-- A task that exists already stays as it is.
CREATE OR REPLACE FUNCTION crm.apply_task_open(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'fields');
    made crm.task;
BEGIN
    made := crm.read_task(crm.new_task(), given);
    made.id := crm.asked_id(o.payload, 'id');
    made.created_at := o.at;
    INSERT INTO crm.task SELECT made.* ON CONFLICT (id) DO NOTHING;
END
$$;

CREATE OR REPLACE FUNCTION crm.apply_task_change(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'changes');
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    was crm.task;
    wanted crm.task;
    _ text;
BEGIN
    SELECT * INTO was FROM crm.task WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'task');
    END IF;
    wanted := crm.read_task(was, given);
    IF o.base_rev <> was.rev THEN
        PERFORM crm.refuse_clash(o, 'task', given, to_jsonb(was), to_jsonb(wanted));
    END IF;
    IF given ? 'state' THEN
        wanted.done_at := CASE WHEN wanted.state <> 'open' THEN o.at END;
    END IF;
    wanted.rev := was.rev + 1;
    _ := crm.lay_task(wanted);
END
$$;
