CREATE INDEX ix_complaint_restricted ON complaint (customer_id, received_at) WHERE restricted

CREATE INDEX ix_task_handed_over ON task (complaint_id) WHERE state = 'open' AND errand = 'taken_over'

DELETE FROM interaction WHERE kind = 'complaint' AND id IN (SELECT id FROM complaint WHERE restricted)
