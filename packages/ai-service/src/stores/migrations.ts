// The database's schema as numbered steps, in the subset of SQL that SQLite and PostgreSQL share.

/** Step n takes a database from version n to version n + 1; steps are only ever added. */
export const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE audit_records (
       writer TEXT NOT NULL,
       seq BIGINT NOT NULL,
       kind TEXT NOT NULL,
       request_id TEXT NOT NULL,
       record TEXT NOT NULL,
       PRIMARY KEY (writer, seq)
     )`,
    'CREATE INDEX audit_records_request ON audit_records (request_id)',
    `CREATE TABLE audit_heads (
       writer TEXT NOT NULL PRIMARY KEY,
       count BIGINT NOT NULL,
       low BIGINT NOT NULL,
       head TEXT NOT NULL
     )`,
  ],
]

export const schemaVersion = migrations.length

/** What both kinds of database ask; `?` stands for a parameter. */
export const auditQueries = {
  end: `SELECT h.count, h.low, r.record FROM audit_heads h JOIN audit_records r ON r.writer = h.writer AND r.seq = h.count
        WHERE h.writer = ?`,
  read: 'SELECT seq, record FROM audit_records WHERE writer = ? AND seq >= ? ORDER BY seq LIMIT ?',
  open: `SELECT s.record FROM audit_records s WHERE s.writer = ? AND s.seq >= ? AND s.kind = 'start' AND NOT EXISTS
           (SELECT 1 FROM audit_records e WHERE e.request_id = s.request_id AND e.kind = 'end') ORDER BY s.seq`,
  has: 'SELECT 1 AS found FROM audit_records WHERE request_id = ? AND kind = ? LIMIT 1',
  heads: 'SELECT writer, count, low, head FROM audit_heads ORDER BY writer',
  writers: 'SELECT DISTINCT writer FROM audit_records ORDER BY writer',
  putHead: `INSERT INTO audit_heads (writer, count, low, head) VALUES (?, ?, ?, ?)
            ON CONFLICT (writer) DO UPDATE SET count = excluded.count, low = excluded.low, head = excluded.head
            WHERE excluded.count >= audit_heads.count`,
} as const
