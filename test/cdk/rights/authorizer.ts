import type { ConsoleAuthorizer } from 'tutti/cdk';

/** Lets in the person of a cookie; a reader only reads. */
export const authorize: ConsoleAuthorizer = (request) => {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === '/auth/sign-in') {
    const headers = new Headers({ location: searchParams.get('to') ?? '/' });
    headers.append('set-cookie', '__Host-person=ada; Secure; HttpOnly; SameSite=Lax; Path=/');
    headers.append('set-cookie', '__Host-seen=1; Secure; Path=/');
    return new Response(null, { status: 303, headers });
  }
  const person = /(?:^|; )__Host-person=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1];
  if (person === undefined) return undefined;
  return person === 'reader'
    ? { principal: 'reader@example.com', readOnly: 'You are not on call.' }
    : { principal: `${person}@example.com` };
};
