-- A store of version 1, as the first release leaves it. Never edited: newer programs have to be able to open it.
BEGIN TRANSACTION;
CREATE TABLE adoptions (ticket_id BIGINT NOT NULL PRIMARY KEY, adopted_at TEXT NOT NULL);
INSERT INTO "adoptions" VALUES(9,'2026-11-23T09:00:00.000000Z');
CREATE TABLE decisions (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, ticket_id BIGINT NOT NULL, decided_at TEXT NOT NULL,
            steps TEXT NOT NULL, reason TEXT NOT NULL);
INSERT INTO "decisions" VALUES(1,'run-1',7,'2026-11-23T09:00:00.000000Z','[["acknowledge", 1, "2026-11-23T09:00:00+00:00", ""]]','received');
CREATE TABLE leases (
            name TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, renewed_at TEXT NOT NULL, expires_at TEXT NOT NULL);
INSERT INTO "leases" VALUES('the pass','host:1','2026-11-23T09:00:00.000000Z','2026-11-23T09:01:00.000000Z');
CREATE TABLE ledger (
            ticket_id BIGINT NOT NULL, step TEXT NOT NULL, ordinal INTEGER NOT NULL, anchor TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('claimed', 'confirmed', 'refused')),
            claimed_at TEXT NOT NULL, settled_at TEXT, journal_id BIGINT,
            PRIMARY KEY (ticket_id, step, ordinal, anchor));
INSERT INTO "ledger" VALUES(7,'acknowledge',1,'','confirmed','2026-11-23T09:00:00.000000Z','2026-11-23T09:01:00.000000Z',41);
INSERT INTO "ledger" VALUES(7,'route',1,'','refused','2026-11-23T09:00:00.000000Z','2026-11-23T09:01:00.000000Z',NULL);
INSERT INTO "ledger" VALUES(7,'remind',1,'2026-11-24T15:00:00+00:00','claimed','2026-11-23T09:02:00.000000Z',NULL,NULL);
CREATE TABLE refusals (
            ticket_id BIGINT NOT NULL, attribute TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
            value TEXT NOT NULL, refused_at TEXT NOT NULL,
            PRIMARY KEY (ticket_id, attribute, name, digest));
INSERT INTO "refusals" VALUES(7,'field','Сведения о системе','c8b33fbc6e56a0e3ab37708d3d12d3d6390006e950b89b4cb2ac20178f7607fb','ALT','2026-11-23T09:00:00.000000Z');
CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO "settings" VALUES('cursor','2026-11-23T08:59:00Z');
CREATE TABLE speakers (
            ticket_id BIGINT NOT NULL, journal_id BIGINT NOT NULL, role TEXT NOT NULL,
            PRIMARY KEY (ticket_id, journal_id));
INSERT INTO "speakers" VALUES(7,41,'bridge');
INSERT INTO "speakers" VALUES(7,42,'customer');
CREATE TABLE tickets (
            ticket_id BIGINT NOT NULL PRIMARY KEY, updated_on TEXT, read_at TEXT, next_at TEXT, closed BOOLEAN NOT NULL,
            tries INTEGER NOT NULL, put_aside_until TEXT, reason TEXT NOT NULL);
INSERT INTO "tickets" VALUES(7,'2026-11-23T09:00:00.000000Z','2026-11-23T09:01:00.000000Z','2026-11-23T09:05:00.000000Z',0,0,NULL,'');
INSERT INTO "tickets" VALUES(8,NULL,NULL,NULL,0,1,'2026-11-23T09:01:00.000000Z','500');
CREATE INDEX ix_tickets_wake ON tickets (put_aside_until, next_at);
CREATE INDEX ix_decisions_ticket_id ON decisions (ticket_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('decisions',1);
COMMIT;
