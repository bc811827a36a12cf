-- What a database told of restricted complaints before their heads had a view (42_restricted.sql): lines of the time
-- line, which are everybody's, pointers with the customer in them, and the history of what names one. Desks are to look at them again. Again, it
-- finds nothing.
DELETE FROM crm.interaction l USING crm.complaint c WHERE c.restricted AND l.id = c.id AND l.kind = 'complaint';
WITH told AS (
    UPDATE crm.feed f SET parent = NULL FROM crm.complaint c
    WHERE c.restricted AND f.pk = c.id AND f.tab IN ('complaint', 'interaction') AND f.parent IS NOT NULL
    RETURNING 'complaint' AS tab, f.pk
), told_of_tasks AS (
    UPDATE crm.feed f SET parent = NULL FROM crm.task t JOIN crm.complaint c ON c.id = t.complaint_id
    WHERE c.restricted AND f.pk = t.id AND f.tab = 'task' AND f.parent IS NOT NULL
    RETURNING f.tab, f.pk
)
SELECT count(crm.point(t.tab, t.pk, NULL, '{}')) FROM (SELECT * FROM told UNION SELECT * FROM told_of_tasks) t;
UPDATE crm.complaint_event e SET
    rev = e.rev + 1, fields = crm.told_in_history(e.fields::jsonb), before = crm.told_in_history(e.before::jsonb),
    after = crm.told_in_history(e.after::jsonb)
FROM crm.complaint c JOIN crm.complaint k ON k.repeat_of = c.id OR k.merged_into = c.id
WHERE c.restricted AND e.complaint_id = k.id AND position(c.id::text IN concat(e.fields, e.before, e.after)) > 0;
