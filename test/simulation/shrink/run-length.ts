/** Numbers as lines of words that a diff shows well: `7` is one, `0*12` twelve zeros. Zeros at the end say nothing and are left out. */
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
