import { expect, test } from 'vitest';
import { isHeld } from '../../bench/counted-cases.ts';
import { returnedRows, type ReturnedRow } from '../../bench/returned-units.ts';

test.each(['happy', 'compensate', 'long'])('DynamoDB returns the units that the bench predicts: %s', async (name) => {
  const rows: ReturnedRow[] = [];
  for await (const row of returnedRows(name)) rows.push(row);
  expect(rows.length).toBeGreaterThan(0);
  for (const { row, predicted, returned, checks } of rows) {
    expect(returned.write).toBeGreaterThanOrEqual(1);
    expect({ row, predicted, returned, held: checks.every(isHeld) }).toMatchObject({ row, held: true });
  }
});
