-- Customers, their numbers and people.
CREATE OR REPLACE FUNCTION crm.apply_customer_create(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made crm.customer := crm.new_customer();
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'fields', 'points']);
    _ := crm.only(crm.asked(o.payload, 'fields'), crm.fields_of(o.kind));
    made.created_at := o.at;
    made.updated_at := o.at;
    made := crm.read_customer(made, o.payload -> 'fields');
    made.id := crm.asked_id(o.payload, 'id');
    INSERT INTO crm.customer SELECT made.*;
    _ := crm.add_points(o, crm.asked_list(o.payload, 'points'), made.id, NULL);
END
$$;

-- The numbers and addresses that come with a customer or a person.
CREATE OR REPLACE FUNCTION crm.add_points(
    o crm.operation_in, p_points jsonb, p_customer uuid, p_contact uuid
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made crm.contact_point;
    point jsonb;
    _ text;
BEGIN
    FOR n IN 0..jsonb_array_length(p_points) - 1
    LOOP
        point := p_points -> n;
        _ := crm.only(point, crm.fields_of('point'));
        made := crm.read_contact_point(crm.new_contact_point(), point);
        made.id := crm.child_id(o.id, 'point', n);
        made.position := n;
        made.customer_id := p_customer;
        made.contact_id := coalesce(p_contact, made.contact_id);
        INSERT INTO crm.contact_point SELECT made.*;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION crm.apply_customer_change(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'changes');
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    was crm.customer;
    wanted crm.customer;
    _ text;
BEGIN
    SELECT * INTO was FROM crm.customer WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'customer');
    END IF;
    wanted := crm.read_customer(was, given);
    IF o.base_rev <> was.rev THEN
        PERFORM crm.refuse_clash(o, 'customer', given, to_jsonb(was), to_jsonb(wanted));
    END IF;
    wanted.updated_at := o.at;
    wanted.rev := was.rev + 1;
    _ := crm.lay_customer(wanted);
END
$$;

CREATE OR REPLACE FUNCTION crm.apply_contact_point_add(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made crm.contact_point;
    _ text;
BEGIN
    _ := crm.only(o.payload, crm.fields_of(o.kind));
    made := crm.read_contact_point(crm.new_contact_point(), o.payload);
    made.id := crm.asked_id(o.payload, 'id');
    made.customer_id := crm.asked_id(o.payload, 'customer_id');
    IF NOT EXISTS (SELECT 1 FROM crm.customer WHERE id = made.customer_id) THEN
        PERFORM crm.gone(o, 'customer');
    END IF;
    INSERT INTO crm.contact_point SELECT made.*;
END
$$;

CREATE OR REPLACE FUNCTION crm.apply_contact_point_change(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'changes');
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    was crm.contact_point;
    wanted crm.contact_point;
    _ text;
BEGIN
    SELECT * INTO was FROM crm.contact_point WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'contact_point');
    END IF;
    wanted := crm.read_contact_point(was, given);
    IF o.base_rev <> was.rev THEN
        PERFORM crm.refuse_clash(o, 'contact_point', given, to_jsonb(was), to_jsonb(wanted));
    END IF;
    wanted.rev := was.rev + 1;
    _ := crm.lay_contact_point(wanted);
END
$$;

-- A number that is gone already needs no dropping.
CREATE OR REPLACE FUNCTION crm.apply_contact_point_drop(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id']);
    DELETE FROM crm.contact_point WHERE id = row_id;
    IF NOT FOUND THEN
        PERFORM crm.wait_for_parent(o);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION crm.apply_contact_save(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked(o.payload, 'fields');
    row_id CONSTANT uuid := crm.asked_id(given, 'id');
    was crm.contact;
    wanted crm.contact;
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['fields', 'points']);
    _ := crm.only(given, crm.fields_of(o.kind));
    SELECT * INTO was FROM crm.contact WHERE id = row_id FOR NO KEY UPDATE;
    IF FOUND THEN
        wanted := crm.read_contact(was, given);
        wanted.rev := was.rev + 1;
        _ := crm.lay_contact(wanted);
        RETURN;
    END IF;
    wanted := crm.read_contact(crm.new_contact(), given);
    wanted.customer_id := crm.asked_id(given, 'customer_id');
    INSERT INTO crm.contact SELECT wanted.*;
    IF o.payload ? 'points' THEN
        _ := crm.add_points(o, crm.asked_list(o.payload, 'points'), wanted.customer_id, wanted.id);
    END IF;
END
$$;
