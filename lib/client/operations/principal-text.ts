/**
 * Who asked for an act, in a sentence: the principal that the act names, and beside it the sender that SQS has stamped, which says how
 * IAM knows it. They are of two kinds, a name and an id, so neither shows whether the other is true: an operator compares them.
 */
export function principalText({ by, sender }: { readonly by: string; readonly sender?: string }): string {
  return sender === undefined ? by : `${by} (sent by ${sender})`;
}
