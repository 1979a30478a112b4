-- Words about a run from the job's side, such as why it failed and the end of its output.
ALTER TABLE check_ins ADD COLUMN note TEXT;

-- Runs that went wrong, by kind and time: a timeline looks for the first of each kind in each bucket. A run that goes well has no entry.
CREATE INDEX check_ins_failed ON check_ins (environment_id, status, date_added)
    WHERE status IN ('unknown', 'error', 'timeout', 'missed');

-- What was refused of late, of all monitors.
CREATE INDEX refused_by_time ON refused (received) WHERE accepted = 0;
