/*
 * The operations that views offer. The forms of their dialogs are code that no view shows, so it is loaded when an operation is opened.
 */

export const operations = (): Promise<typeof import('./operations.tsx')> => import('./operations.tsx');

export const forks = (): Promise<typeof import('./fork.tsx')> => import('./fork.tsx');
