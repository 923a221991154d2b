/** The module of the user that exports the system: the bundler puts it here. */
declare module 'tutti-entry';
