-- The comparison of a ledger, statement by statement; federation/verify/compare.py runs them.
-- Differences give: id, tid, other id, other tid, detail (see ledger.py for what these number).

-- @routes
-- A record may bring the origin that another gateway gave it. Of all source records with one origin
-- the target must hold one: the one whose value it is stands for them.
INSERT INTO carried SELECT id, id FROM expected
 WHERE id IN (SELECT origin FROM carried) AND id NOT IN (SELECT id FROM carried);
CREATE INDEX carried_origin ON carried(origin);
CREATE TABLE chosen(origin INTEGER PRIMARY KEY, id INT);
INSERT INTO chosen SELECT source, id FROM
 (SELECT d.source, c.id, row_number() OVER
    (PARTITION BY d.source ORDER BY e.value IS d.value AND e.key = d.key DESC, d.tid, c.id) place
   FROM delivered d JOIN carried c ON c.origin = d.source JOIN expected e ON e.id = c.id)
 WHERE place = 1;
UPDATE delivered SET source = (SELECT id FROM chosen WHERE origin = source)
 WHERE source IN (SELECT origin FROM chosen);

-- @arrivals
-- What came where: matched in the target, parted to the dead letters (misled, if it was sound).
CREATE INDEX delivered_source ON delivered(source);
CREATE TABLE matched(id INTEGER PRIMARY KEY, tid INT, copies INT);
INSERT INTO matched SELECT source, min(tid), count(*) FROM delivered
 WHERE source IN (SELECT id FROM expected) GROUP BY source;
CREATE TABLE parted(id INTEGER PRIMARY KEY, did INT, copies INT);
INSERT INTO parted SELECT source, min(did), count(*) FROM diverted
 WHERE source IN (SELECT id FROM expected) GROUP BY source;
CREATE TABLE winner(event INT, ts INT, id INT, tid INT);
INSERT INTO winner SELECT e.event, e.ts, e.id, m.tid FROM matched m JOIN expected e ON e.id = m.id
 WHERE e.outcome = :RECORD AND e.event IS NOT NULL;
CREATE INDEX winner_event ON winner(event, ts, id, tid);
CREATE TABLE misled(event INTEGER PRIMARY KEY);
INSERT OR IGNORE INTO misled SELECT e.event FROM parted p JOIN expected e ON e.id = p.id
 WHERE e.outcome = :RECORD AND e.event IS NOT NULL;

-- @absences
-- What did not come, and what excuses it. In one source partition the lower offset wins: a later
-- record of the same event in the same partition excuses nothing.
CREATE TABLE absent(id INTEGER PRIMARY KEY, why TEXT, other INT);
INSERT INTO absent SELECT e.id, CASE
  WHEN EXISTS (SELECT 1 FROM winner w WHERE w.event = e.event
    AND w.ts BETWEEN e.ts - :window AND e.ts + :window
    AND NOT (w.id > e.id AND w.id >> :BITS = e.id >> :BITS)) THEN 'duplicate'
  WHEN EXISTS (SELECT 1 FROM carried c JOIN chosen s ON s.origin = c.origin WHERE c.id = e.id)
   THEN 'duplicate'
  WHEN EXISTS (SELECT 1 FROM winner w WHERE w.event = e.event
    AND NOT (w.id > e.id AND w.id >> :BITS = e.id >> :BITS)) THEN 'unproven'
  WHEN e.event IN (SELECT event FROM misled) THEN 'duplicate'
  WHEN :compacted AND EXISTS (SELECT 1 FROM delivered d WHERE d.key = e.key) THEN 'compacted'
  ELSE 'lost' END,
  (SELECT w.id FROM winner w WHERE w.event = e.event LIMIT 1)
 FROM expected e WHERE e.outcome IN (:RECORD, :TOMBSTONE)
  AND NOT EXISTS (SELECT 1 FROM matched m WHERE m.id = e.id)
  AND NOT EXISTS (SELECT 1 FROM parted p WHERE p.id = e.id);
-- Of an event whose records are all missing one was to come: the first stands for it, the others
-- would have been its duplicates.
CREATE TABLE lost(id INTEGER PRIMARY KEY, head INT);
WITH gaps AS (
  SELECT e.id, e.event, e.ts, coalesce(e.ts - lag(e.ts) OVER w > :window, 1) AS gap
   FROM absent a JOIN expected e ON e.id = a.id WHERE a.why = 'lost' AND e.event IS NOT NULL
  WINDOW w AS (PARTITION BY e.event ORDER BY e.ts, e.id)),
groups AS (SELECT *, sum(gap) OVER (PARTITION BY event ORDER BY ts, id) AS place FROM gaps)
INSERT INTO lost
 SELECT id, first_value(id) OVER (PARTITION BY event, place ORDER BY ts, id) FROM groups;
CREATE INDEX lost_head ON lost(head);
UPDATE absent SET why = 'duplicate' WHERE id IN (SELECT id FROM lost WHERE id <> head);

-- @difference lost
SELECT id, NULL, other, NULL,
  iif(other IS NULL, '', 'a later record of the same event is there instead'),
  (SELECT group_concat(l.id) FROM lost l WHERE l.head = a.id AND l.id <> a.id)
 FROM absent a WHERE why = 'lost';

-- @difference duplicate
SELECT d.source, d.tid, NULL, m.tid, 'the same source record twice'
 FROM matched m JOIN delivered d ON d.source = m.id AND d.tid <> m.tid WHERE m.copies > 1;

-- @difference duplicate
SELECT iif(tid > tid2, id, id2), max(tid, tid2), iif(tid > tid2, id2, id), min(tid, tid2),
  'the same event twice'
 FROM (SELECT id, tid, ts, lag(id) OVER w id2, lag(tid) OVER w tid2, lag(ts) OVER w ts2
        FROM winner WINDOW w AS (PARTITION BY event ORDER BY ts, id))
 WHERE ts - ts2 < :window;

-- @difference altered
SELECT e.id, d.tid, NULL, NULL, '' FROM delivered d JOIN expected e ON e.id = d.source
 WHERE e.outcome IN (:RECORD, :TOMBSTONE) AND d.value IS NOT e.value;

-- @difference wrong_key
SELECT e.id, d.tid, NULL, NULL, '' FROM delivered d JOIN expected e ON e.id = d.source
 WHERE e.outcome IN (:RECORD, :TOMBSTONE) AND d.key <> e.key;

-- @difference wrong_partition
SELECT e.id, d.tid, NULL, NULL, '' FROM delivered d JOIN expected e ON e.id = d.source
 WHERE e.outcome IN (:RECORD, :TOMBSTONE) AND NOT d.placed AND d.key = e.key;

-- @difference out_of_order
SELECT id, tid, id2, tid2, 'it has the higher offset and stands before the other'
 FROM (SELECT e.id, m.tid, lag(e.id) OVER w id2, lag(m.tid) OVER w tid2
        FROM matched m JOIN expected e ON e.id = m.id WHERE e.outcome IN (:RECORD, :TOMBSTONE)
      WINDOW w AS (PARTITION BY e.key, e.id >> :BITS ORDER BY e.id))
 WHERE tid < tid2 AND tid >> :BITS = tid2 >> :BITS;

-- @difference header_lost
SELECT e.id, d.tid, NULL, NULL, '' FROM delivered d JOIN expected e ON e.id = d.source
 WHERE e.outcome IN (:RECORD, :TOMBSTONE) AND d.headers <> e.headers;

-- @difference timestamp_changed
SELECT e.id, d.tid, NULL, NULL, CASE WHEN d.own <> e.ts THEN 'kept as ' || d.own || ', it was ' || e.ts
  ELSE e.ts || ' became ' || d.ts || iif(d.own IS NULL, '', ', and the target would have kept it') END
 FROM delivered d JOIN expected e ON e.id = d.source
 WHERE e.outcome IN (:RECORD, :TOMBSTONE)
  AND iif(d.own IS NULL, d.ts <> e.ts, d.own <> e.ts OR NOT clamped(e.ts, d.ts));

-- @difference dead_letter_missing
SELECT id, NULL, NULL, NULL, why FROM expected e WHERE outcome = :DEAD
  AND NOT EXISTS (SELECT 1 FROM matched m WHERE m.id = e.id)
  AND NOT EXISTS (SELECT 1 FROM parted p WHERE p.id = e.id);

-- @difference not_dead_letter
SELECT e.id, m.tid, NULL, NULL, e.why FROM matched m JOIN expected e ON e.id = m.id
 WHERE e.outcome = :DEAD;

-- @difference not_filtered
SELECT e.id, m.tid, NULL, NULL, '' FROM matched m JOIN expected e ON e.id = m.id
 WHERE e.outcome = :FILTERED;

-- @difference dead_letter_unexpected in dead letters
SELECT d.source, d.did, NULL, NULL, 'it says ' || d.why
 FROM diverted d JOIN expected e ON e.id = d.source WHERE e.outcome <> :DEAD;

-- @difference dead_letter_altered in dead letters
SELECT d.source, d.did, NULL, NULL, CASE WHEN d.value <> e.value THEN 'key or value differ'
  WHEN d.headers <> e.headers THEN 'the original headers differ'
  ELSE 'it says ' || d.why || ' and should say ' || e.why END
 FROM diverted d JOIN expected e ON e.id = d.source WHERE e.outcome = :DEAD
  AND (d.value <> e.value OR d.headers <> e.headers OR d.why <> e.why);

-- @difference duplicate in dead letters
SELECT d.source, d.did, NULL, p.did, 'the same dead letter twice'
 FROM parted p JOIN diverted d ON d.source = p.id AND d.did <> p.did WHERE p.copies > 1;

-- @difference foreign
SELECT iif(source >= 0, source, NULL), tid, NULL, NULL,
  iif(source IS NULL, 'it carries no origin', 'its origin has no such record')
 FROM delivered
 WHERE (source IS NULL OR source NOT IN (SELECT id FROM expected)) AND stray(source) = 'foreign';

-- @difference foreign in dead letters
SELECT iif(source >= 0, source, NULL), did, NULL, NULL,
  iif(source IS NULL, 'it names no source', 'its source has no such record')
 FROM diverted
 WHERE (source IS NULL OR source NOT IN (SELECT id FROM expected)) AND stray(source) = 'foreign';

-- @fates
SELECT e.id >> :BITS part, e.ts - (e.ts % :BUCKET + :BUCKET) % :BUCKET start, CASE
  WHEN m.id IS NOT NULL OR a.why = 'compacted' THEN 'out'
  WHEN p.id IS NOT NULL THEN 'dead'
  WHEN e.outcome = :FILTERED THEN 'filtered'
  WHEN a.why IN ('duplicate', 'unproven') THEN 'duplicates'
  ELSE 'missing' END fate, count(*)
 FROM expected e LEFT JOIN matched m ON m.id = e.id LEFT JOIN parted p ON p.id = e.id
  LEFT JOIN absent a ON a.id = e.id
 GROUP BY part, start, fate ORDER BY part, start;

-- @reasons
SELECT p.id >> :BITS, d.why, count(*) FROM parted p JOIN diverted d ON d.did = p.did
 WHERE NOT EXISTS (SELECT 1 FROM matched m WHERE m.id = p.id) GROUP BY 1, 2 ORDER BY 1, 3 DESC;

-- @unproven
SELECT id >> :BITS, count(*) FROM absent WHERE why = 'unproven' GROUP BY 1;

-- @strays
SELECT stray(source), sum(target), count(*) - sum(target)
 FROM (SELECT source, 1 target FROM delivered UNION ALL SELECT source, 0 FROM diverted)
 WHERE source IS NULL OR source NOT IN (SELECT id FROM expected) GROUP BY 1;

-- @totals
SELECT (SELECT count(*) FROM delivered), (SELECT count(*) FROM diverted);

-- @clamped
SELECT count(*) FROM delivered WHERE own IS NOT NULL;

-- @compacted
SELECT count(*) FROM absent WHERE why = 'compacted';
