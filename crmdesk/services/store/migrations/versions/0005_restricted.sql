CREATE INDEX ix_complaint_restricted ON complaint (customer_id, received_at) WHERE restricted

DELETE FROM interaction WHERE kind = 'complaint' AND id IN (SELECT id FROM complaint WHERE restricted)
