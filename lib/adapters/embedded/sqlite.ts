import type Database from 'libsql';

/** A SQLite database, with the synchronous interface of better-sqlite3. */
export type Sqlite = Database.Database;
export type Statement = Database.Statement;

/** A blob as libsql returns it: a buffer from `get`, the bare bytes from `all` and `iterate`. */
export type SqliteBlob = Buffer | ArrayBuffer;

export function blobBytes(blob: SqliteBlob): Buffer {
  return blob instanceof ArrayBuffer ? Buffer.from(blob) : blob;
}
