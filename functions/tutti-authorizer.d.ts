/** The user's module that names the people of a hosted console. The bundler replaces this specifier. */
declare module 'tutti-authorizer' {
  export const authorize: import('../lib/console/hosted-api.ts').ConsoleAuthorizer;
}
