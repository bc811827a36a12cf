-- What customers own, and the visits to workshops.
CREATE OR REPLACE FUNCTION crm.apply_asset_create(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'fields');
    made crm.asset;
BEGIN
    made := crm.read_asset(crm.new_asset(), given);
    made.id := crm.asked_id(o.payload, 'id');
    made.mileage_at := CASE WHEN made.mileage_km IS NOT NULL THEN o.at END;
    INSERT INTO crm.asset SELECT made.*;
END
$$;

CREATE OR REPLACE FUNCTION crm.apply_asset_change(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'changes');
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    was crm.asset;
    wanted crm.asset;
    _ text;
BEGIN
    SELECT * INTO was FROM crm.asset WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'asset');
    END IF;
    wanted := crm.read_asset(was, given);
    IF o.base_rev <> was.rev THEN
        PERFORM crm.refuse_clash(o, 'asset', given, to_jsonb(was), to_jsonb(wanted));
    END IF;
    IF given ? 'mileage_km' THEN
        wanted.mileage_at := o.at;
    END IF;
    wanted.rev := was.rev + 1;
    _ := crm.lay_asset(wanted);
END
$$;

CREATE OR REPLACE FUNCTION crm.apply_visit_record(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked(o.payload, 'fields');
    items CONSTANT jsonb := crm.asked_list(o.payload, 'items');
    made crm.service_visit;
    item crm.visit_item;
    texts text[] := '{}';
    _ text;
BEGIN
    _ := crm.only(o.payload, ARRAY['id', 'fields', 'items']);
    _ := crm.only(given, crm.fields_of(o.kind));
    made := crm.read_service_visit(crm.new_service_visit(), given);
    made.id := crm.asked_id(o.payload, 'id');
    INSERT INTO crm.service_visit SELECT made.*;
    FOR n IN 0..jsonb_array_length(items) - 1
    LOOP
        _ := crm.only(items -> n, crm.fields_of('item'));
        PERFORM crm.asked(items -> n, 'text');
        item := crm.read_visit_item(crm.new_visit_item(), items -> n);
        item.id := crm.child_id(o.id, 'item', n);
        item.visit_id := made.id;
        item.asset_id := made.asset_id;
        item.position := n;
        item.at := made.visited_at;
        INSERT INTO crm.visit_item SELECT item.*;
        texts := texts || item.text;
    END LOOP;
    _ := crm.show_visit(made, texts);
    _ := crm.note_mileage(o, made);
END
$$;

CREATE OR REPLACE FUNCTION crm.apply_visit_change(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'changes');
    row_id CONSTANT uuid := crm.asked_id(o.payload, 'id');
    was crm.service_visit;
    wanted crm.service_visit;
    _ text;
BEGIN
    SELECT * INTO was FROM crm.service_visit WHERE id = row_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.gone(o, 'service_visit');
    END IF;
    wanted := crm.read_service_visit(was, given);
    IF o.base_rev <> was.rev THEN
        PERFORM crm.refuse_clash(o, 'service_visit', given, to_jsonb(was), to_jsonb(wanted));
    END IF;
    wanted.rev := was.rev + 1;
    _ := crm.lay_service_visit(wanted);
    _ := crm.show_visit(
        wanted, ARRAY(SELECT i.text FROM crm.visit_item i WHERE i.visit_id = row_id ORDER BY i.position, i.id));
    _ := crm.note_mileage(o, wanted);
END
$$;

CREATE OR REPLACE FUNCTION crm.show_visit(p_visit crm.service_visit, p_texts text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    was CONSTANT crm.interaction := crm.line_of(p_visit.id);
    line crm.interaction := was;
    done CONSTANT text := array_to_string(p_texts, ' · ');
    _ text;
BEGIN
    line.customer_id := p_visit.customer_id;
    line.asset_id := p_visit.asset_id;
    line.kind := 'visit';
    line.at := p_visit.visited_at;
    line.subject := coalesce(nullif(p_visit.summary, ''), done);
    line.summary := left(CASE WHEN p_visit.summary <> '' THEN done ELSE p_visit.note END, 280);
    line.who := p_visit.outlet;
    _ := crm.show(was, line);
END
$$;

-- The latest visit tells the mileage of the asset, and when its next service is due.
CREATE OR REPLACE FUNCTION crm.note_mileage(o crm.operation_in, p_visit crm.service_visit) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    car crm.asset;
    _ text;
BEGIN
    IF p_visit.mileage_km IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO car FROM crm.asset WHERE id = p_visit.asset_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM crm.wait_for_parent(o);
        RETURN;
    END IF;
    IF car.mileage_at IS NULL OR p_visit.visited_at >= car.mileage_at THEN
        car.mileage_km := p_visit.mileage_km;
        car.mileage_at := p_visit.visited_at;
        IF p_visit.next_service_on IS NOT NULL OR p_visit.next_service_km <> 0 THEN
            car.next_service_on := p_visit.next_service_on;
            car.next_service_km := p_visit.next_service_km;
        END IF;
        car.rev := car.rev + 1;
        _ := crm.lay_asset(car);
    END IF;
END
$$;
