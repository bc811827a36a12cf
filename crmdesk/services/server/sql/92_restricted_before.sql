-- What a database told of restricted complaints before their heads had a view (42_restricted.sql): lines of the time
-- line, which are everybody's, and pointers with the customer in them. Again, it finds nothing.
DELETE FROM crm.interaction l USING crm.complaint c WHERE c.restricted AND l.id = c.id AND l.kind = 'complaint';
UPDATE crm.feed f SET parent = NULL FROM crm.complaint c
WHERE c.restricted AND f.pk = c.id AND f.tab IN ('complaint', 'interaction') AND f.parent IS NOT NULL;
