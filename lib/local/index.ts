export { local } from './local-connection.ts';
export type { RuntimeOptions } from './runtime.ts';
export { startLocal, type LocalSystem } from './start-local.ts';
