import { expect, test } from 'vitest';
import { ACCEPTED_FINDINGS } from './accepted-findings.ts';
import { differences, type AcceptedFinding, type Finding } from './finding.ts';

const found: Finding = { tool: 'checkov', rule: 'CKV_AWS_18', at: 'Trips/Orchestrator/Payloads/Resource' };
const accepted: AcceptedFinding = { tool: 'checkov', rule: 'CKV_AWS_18', at: ['*/Payloads/Resource'], reason: 'for a test' };

test('a finding that is accepted is no difference', () => {
  expect(differences([found], [accepted])).toEqual([]);
});

test('a finding that is not accepted is a difference, also of a rule that is accepted for another resource', () => {
  expect(differences([found, { ...found, at: 'Trips/Other' }], [accepted])).toEqual([
    'checkov CKV_AWS_18 at Trips/Other: correct it, or accept it with a reason in accepted-findings.ts',
  ]);
  expect(differences([{ ...found, rule: 'CKV_AWS_21' }], [])).toHaveLength(1);
});

test('an accepted finding that is no longer reported is a difference, for each of its paths', () => {
  const two = { ...accepted, at: ['*/Payloads/Resource', '*/Archive/Resource'] };
  expect(differences([found], [two])).toEqual([
    'checkov CKV_AWS_18 at */Archive/Resource is accepted and was not found: remove it from accepted-findings.ts',
  ]);
});

test('each accepted finding has a reason, and each rule has one entry', () => {
  expect(ACCEPTED_FINDINGS.filter(({ reason }) => reason.length < 20)).toEqual([]);
  const rules = ACCEPTED_FINDINGS.map(({ tool, rule }) => `${tool} ${rule}`);
  expect(rules).toEqual([...new Set(rules)]);
});
