/** The payload that `writing-process.ts` puts beside each message. */
export function payloadOf(number: number): string {
  return JSON.stringify(`${number}`.padEnd(500, 'x'));
}
