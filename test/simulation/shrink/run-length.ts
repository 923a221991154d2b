/**
 * Numbers as lines of words, for a readable diff: `7` is one number, `0*12` is twelve zeros. Zeros at the end are left out, because they
 * change nothing.
 */
const WORDS_A_LINE = 24;

export const runLengthEncoded = (numbers: readonly number[]): string[] => {
  const words: string[] = [];
  const end = numbers.findLastIndex((each) => each !== 0) + 1;
  for (let from = 0; from < end;) {
    let to = from + 1;
    while (to < end && numbers[to] === numbers[from]) to += 1;
    words.push(to - from === 1 ? `${numbers[from]}` : `${numbers[from]}*${to - from}`);
    from = to;
  }
  return Array.from({ length: Math.ceil(words.length / WORDS_A_LINE) }, (_, i) =>
    words.slice(i * WORDS_A_LINE, (i + 1) * WORDS_A_LINE).join(' '),
  );
};

export const runLengthDecoded = (lines: readonly string[]): number[] =>
  lines
    .flatMap((line) => line.split(' '))
    .filter((word) => word !== '')
    .flatMap((word) => {
      const [number, times = '1'] = word.split('*');
      return Array.from({ length: Number(times) }, () => Number(number));
    });
