export { serve } from './serve.ts';
export type { Handler, Run, ServeOptions } from './serve.ts';
export type { PollOptions, Served } from './served.ts';
export { sqlStore } from './sql-store.ts';
export type { SqlStoreOptions } from './sql-store.ts';
export type { Store } from './store.ts';
export type { Deferred, Task } from './task.ts';
