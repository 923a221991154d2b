import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FieldReader, FieldWriter } from '../../../lib/adapters/embedded/log/field-text.ts';

const text = fc.oneof(
  fc.constant(undefined),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.constantFrom('', '1;', '-2;', 'é'.repeat(70), 'a'.repeat(64)),
);
const field = fc.oneof(
  fc.record({ kind: fc.constant('string' as const), value: text, previous: text }),
  fc.record({ kind: fc.constant('shared' as const), value: text, previous: text }),
  fc.record({ kind: fc.constant('number' as const), value: fc.option(fc.integer(), { nil: undefined }), previous: fc.constant(undefined) }),
);

describe('the text of a field in the log', () => {
  test.each([true, false])('a field reads back as it was written, with shared strings: %s', (share) => {
    fc.assert(
      fc.property(fc.array(fc.array(field)), (batches) => {
        const writer = new FieldWriter({ share });
        const reader = new FieldReader({ share });
        for (const batch of batches) {
          for (const { kind, value, previous } of batch) {
            if (kind === 'number') writer.optionalNumber(value);
            else writer[kind](value, previous);
          }
          reader.open(Buffer.from(writer.text, 'utf8').toString('utf8'));
          writer.clear();
          for (const { kind, value, previous } of batch)
            expect(kind === 'number' ? reader.optionalNumber() : reader[kind](previous)).toBe(value);
          expect(reader.ended).toBe(true);
        }
      }),
    );
  });

  test('a long shared string is written once, and once more after its table is cleared', () => {
    const writer = new FieldWriter({ share: true });
    const long = 'x'.repeat(1000);
    for (let n = 0; n < 3; n += 1) writer.shared(long);
    expect(writer.length).toBeLessThan(1020);
    writer.forget();
    writer.shared(long);
    expect(writer.length).toBeGreaterThan(2000);
  });

  test('a shared string is written again after thousands of others, and every reference reads back', () => {
    const writer = new FieldWriter({ share: true });
    const reader = new FieldReader({ share: true });
    const textOf = (n: number): string => `${n}`.padEnd(70, '.');
    const written = [0, ...Array.from({ length: 9_000 }, (_, n) => n), 8_999, 4_500, 0, 0];
    const lengths = written.map((n) => {
      const before = writer.length;
      writer.shared(textOf(n));
      return writer.length - before;
    });
    reader.open(writer.text);
    expect(written.map(() => reader.shared())).toEqual(written.map(textOf));
    const isReference = (length: number): boolean => length < 10;
    expect(lengths.slice(-4).map(isReference)).toEqual([true, true, false, true]);
  });

  test('an unchanged string takes three characters', () => {
    const writer = new FieldWriter({ share: false });
    writer.string('x'.repeat(1000), 'x'.repeat(1000));
    expect(writer.text).toBe('-2;');
  });
});
