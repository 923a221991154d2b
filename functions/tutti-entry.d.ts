/** The user's module that exports the system. The bundler replaces this specifier. */
declare module 'tutti-entry';
