import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib/core';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, expect, test } from 'vitest';
import { ACCOUNT, REGION, testApp, testStack, tripsOrchestrator } from './synthesized.ts';

const page = readFileSync(new URL('../../docs/deploying.md', import.meta.url), 'utf8');
const script = /<<'EOF'\n([\s\S]*?)\nEOF\n/.exec(page)?.[1] ?? '';
const folder = mkdtempSync(join(tmpdir(), 'import-recipe-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Raw {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly Properties?: unknown;
}

const templateOf = (stack: Stack): Readonly<Record<string, Raw>> => {
  tripsOrchestrator(stack);
  return (Template.fromStack(stack).toJSON() as { readonly Resources: Readonly<Record<string, Raw>> }).Resources;
};

/** The output of the lines of docs/deploying.md for a template. */
const keptOf = (resources: Readonly<Record<string, Raw>>): Readonly<Record<string, Readonly<Record<string, string>>>> => {
  const file = join(folder, 'Trips.template.json');
  writeFileSync(file, JSON.stringify({ Resources: resources }));
  const args = ['--input-type=module', '-', file, ACCOUNT, REGION];
  return JSON.parse(execFileSync(process.execPath, args, { input: script, encoding: 'utf8' })) as ReturnType<typeof keptOf>;
};

test.each([
  ['with a known account', () => testStack('Trips')],
  ['for any account', () => new Stack(testApp(), 'Trips')],
])('the recipe names each resource that a destroy leaves by its import identifier, for a stack %s', (_, stackOf) => {
  const resources = templateOf(stackOf());
  const kept = keptOf(resources);
  const retained = Object.keys(resources).filter((id) => resources[id]?.DeletionPolicy === 'RetainExceptOnCreate');
  expect(Object.keys(kept)).toEqual(retained);
  expect(retained.length).toBeGreaterThanOrEqual(23);
  const named = Object.values(kept);
  expect(named).toContainEqual({ TableName: 'trips' });
  expect(named).toContainEqual({ Name: 'trips' });
  expect(named).toContainEqual({ BucketName: `trips-payloads-${ACCOUNT}-${REGION}` });
  expect(named).toContainEqual({ QueueUrl: `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/trips-inbox` });
});

test('the resources that a destroy leaves reference no deleted one, so that they can be imported alone', () => {
  const resources = templateOf(testStack('Trips'));
  const retained = new Set(Object.keys(resources).filter((id) => resources[id]?.DeletionPolicy === 'RetainExceptOnCreate'));
  const references = (value: unknown): readonly string[] => {
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, each]) =>
      key === 'Ref' ? [each as string] : key === 'Fn::GetAtt' ? [(each as readonly [string])[0]] : references(each),
    );
  };
  const used = [...retained].flatMap((id) => references(resources[id]?.Properties)).filter((id) => !id.startsWith('AWS::'));
  expect(used.filter((id) => !retained.has(id))).toEqual([]);
});
