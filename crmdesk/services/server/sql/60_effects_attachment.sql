-- Files of complaints and customers: the row. Their content comes afterwards, in pieces (80_attachments.sql).

-- One that exists already stays as it is. That of a complaint goes to its team.
CREATE OR REPLACE FUNCTION crm.apply_attachment_add(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given CONSTANT jsonb := crm.asked_fields(o, 'fields');
    made crm.attachment;
    _ text;
BEGIN
    made := crm.read_attachment(crm.new_attachment(), given);
    made.id := crm.asked_id(o.payload, 'id');
    made.author := o.actor;
    made.at := o.at;
    IF (made.complaint_id IS NULL) = (made.customer_id IS NULL) THEN
        PERFORM crm.refuse('invalid', 'A file belongs to a complaint or a customer.', '{}', ARRAY['complaint_id']);
    END IF;
    made.team_id := crm.team_of_file(o, made.complaint_id);
    IF made.customer_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM crm.customer WHERE id = made.customer_id) THEN
        PERFORM crm.gone(o, 'customer');
    END IF;
    IF EXISTS (SELECT 1 FROM crm.attachment WHERE id = made.id) THEN
        RETURN;
    END IF;
    _ := crm.refuse_unfit_file(made);
    INSERT INTO crm.attachment SELECT made.* ON CONFLICT (id) DO NOTHING;
END
$$;

-- A file too large, or too much for its record, or under a name that could do harm where it is saved.
CREATE OR REPLACE FUNCTION crm.refuse_unfit_file(p_file crm.attachment) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    mib CONSTANT bigint := 1024 * 1024;
    of_file CONSTANT bigint := 25;
    of_record CONSTANT bigint := 200;
    held bigint;
BEGIN
    IF p_file.size NOT BETWEEN 0 AND of_file * mib THEN
        PERFORM crm.refuse(
            'invalid', '{name} has {size} MB; a file may have {limit} MB at most. Make it smaller, or split it.',
            jsonb_build_object('name', p_file.name, 'size', p_file.size / mib, 'limit', of_file), ARRAY['size']);
    END IF;
    IF p_file.digest !~ '^[0-9a-f]{64}$' OR octet_length(p_file.name) NOT BETWEEN 1 AND 255
       OR p_file.name ~ '[[:cntrl:]/\\]' OR p_file.name IN ('.', '..') THEN
        PERFORM crm.refuse(
            'invalid', '{name} is no file that can be attached.', jsonb_build_object('name', p_file.name),
            ARRAY['name']);
    END IF;
    SELECT coalesce(sum(a.size), 0) INTO held FROM crm.attachment a
    WHERE a.complaint_id = p_file.complaint_id OR a.customer_id = p_file.customer_id;
    IF held + p_file.size > of_record * mib THEN
        PERFORM crm.refuse(
            'invalid', 'The files here would have more than {limit} MB together. Attach a smaller one.',
            jsonb_build_object('limit', of_record), ARRAY['size']);
    END IF;
END
$$;
