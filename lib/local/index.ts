export { local } from './local-connection.ts';
export type { OtlpOptions, RuntimeOptions } from './runtime.ts';
export { startLocal, type LocalSystem } from './start-local.ts';
