/** As long as an ARN, a URL or a name can be that is known only when it is deployed: 46 characters and the name of a queue. */
const REFERENCE_LENGTH = 128;

/** How many characters a resolved value has as JSON once it is deployed, at the most: references count as long as they can be. */
export function writtenLength(resolved: unknown): number {
  if (Array.isArray(resolved)) return 2 + resolved.reduce((sum: number, each) => sum + writtenLength(each) + 1, 0);
  if (typeof resolved !== 'object' || resolved === null) return JSON.stringify(resolved ?? null).length;
  const entries = Object.entries(resolved);
  const [[kind, value] = ['', undefined]] = entries;
  if (kind === 'Fn::Join')
    return (value as readonly [string, readonly unknown[]])[1].reduce((sum: number, part) => sum + partLength(part), 2);
  if (kind === 'Ref' || kind.startsWith('Fn::')) return partLength(resolved) + 2;
  return 2 + entries.reduce((sum, [key, each]) => sum + key.length + 4 + writtenLength(each), 0);
}

/** Of a text inside of a longer one. The pseudo parameters are short. */
function partLength(part: unknown): number {
  if (typeof part === 'string') return part.length;
  const reference = (part as { readonly Ref?: string }).Ref;
  return reference?.startsWith('AWS::') === true ? 20 : REFERENCE_LENGTH;
}
