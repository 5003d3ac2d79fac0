-- Every moment in the file, ?1 milliseconds earlier.
UPDATE meta SET stamp = stamp - ?1;
UPDATE scope SET created = max(created - ?1, 0), expires = max(expires - ?1, 0), ends = max(ends - ?1, 0);
UPDATE entry SET expires = max(expires - ?1, 0) WHERE expires IS NOT NULL;
UPDATE task
SET created = max(created - ?1, 0), updated = max(updated - ?1, 0), expires = max(expires - ?1, 0), due = max(due - ?1, 0);
UPDATE topic SET dies = max(dies - ?1, 0);
UPDATE event SET appended = max(appended - ?1, 0);
