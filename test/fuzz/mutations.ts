import type { Choices } from '../simulation/world/choices.ts';
import { garbage, HOSTILE_KEYS, json, plainJson, text, tooDeepText } from './hostile-json.ts';
import type { Fields, RightMessage } from './right-messages.ts';

/**
 * The effect of one change on a right message:
 * breaks     it is not a right message: it is parked unchanged and acknowledged, and has no other effect
 * powerless  its form is right, but it must have no effect: it is parked, redelivered, or dropped
 * harmless   its meaning is unchanged
 * unclear    its effect is not known: it must not be lost, nor do harm
 */
export type Effect = 'breaks' | 'powerless' | 'harmless' | 'unclear';

export interface Mutated {
  readonly body: string;
  readonly effect: Effect;
  /** The change, for the text of a failure. */
  readonly what: string;
}

const GONE = Symbol('the field is removed');
const LONG = 'x'.repeat(301);
const NO_TEXT: readonly unknown[] = [null, 0, true, [], {}, ['x'], { toString: 'x' }];
const NO_ID: readonly unknown[] = [GONE, ...NO_TEXT, '', 'a b', LONG, 'ü', '\u0000', '\ud800', '\u2028', 'a\n'];
const NO_COUNT: readonly unknown[] = [null, -1, 1.5, 1e308, 2 ** 53, '1', 'NaN', [], {}, true];
const NO_LABEL: readonly unknown[] = [...NO_TEXT, '', LONG, '\ud800'];
const NO_INSTANT: readonly unknown[] = [
  GONE,
  ...NO_TEXT,
  '',
  'yesterday',
  '2026-11-21',
  '2026-11-21T10:00:00Z',
  '2026-13-01T00:00:00.000Z',
  '2026-00-10T00:00:00.000Z',
  '+275760-09-13T00:00:00.000Z',
  '2026-11-21T24:00:00.000Z',
  '2026-11-21T10:00:00.000+02:00',
  'NaN',
];
const NO_HASH: readonly unknown[] = [
  ...NO_TEXT,
  '',
  'sha256:',
  `sha256:${'0'.repeat(63)}`,
  `sha256:${'G'.repeat(64)}`,
  `md5:${'0'.repeat(64)}`,
];

/** For each field of an envelope, invalid values. */
const ENVELOPE: Readonly<Record<string, readonly unknown[]>> = {
  specversion: [GONE, ...NO_TEXT, '2.0', 1, '1'],
  id: NO_ID,
  source: [...NO_ID, 'mallory'],
  type: [...NO_ID, 'shop.nothing'],
  time: NO_INSTANT,
  datacontenttype: [GONE, ...NO_TEXT, 'text/plain', ''],
  dataversion: [...NO_COUNT, 0],
  hops: [GONE, ...NO_COUNT],
  tenant: [...NO_TEXT, '', 'a#b', 'x'.repeat(65), 'ü'],
  causeid: NO_ID.slice(1),
  subject: NO_LABEL,
  traceparent: NO_LABEL,
  datahash: NO_HASH,
};

const EVENT: Readonly<Record<string, readonly unknown[]>> = {
  ...ENVELOPE,
  hops: [...(ENVELOPE['hops'] ?? []), 101, 2 ** 53 - 1],
  processid: [
    ...NO_ID.slice(1),
    'x',
    'default#fulfil',
    'default#fulfil#',
    'a b#fulfil#o-1',
    'default#nobody#o-1',
    `default#fulfil#${'x'.repeat(201)}`,
  ],
  // An event with a member of a reply or a command is neither.
  commandid: ['x', null, 1],
  outcome: ['completed', null],
  attempt: [1, null],
  replyto: ['shop', null],
};

const REPLY: Readonly<Record<string, readonly unknown[]>> = {
  ...ENVELOPE,
  source: NO_ID,
  type: NO_ID,
  commandid: [
    ...NO_ID,
    'x',
    'default#fulfil#o-1',
    'default#fulfil#o-1/r1/99999999999',
    'default#fulfil#o-1/r1/01',
    'default#fulfil#o-1/r1/-1',
    'default#fulfil#o-1//1',
    '#/#',
    'a/b/c/1',
  ],
  commandhash: [GONE, ...NO_HASH],
  attempt: [GONE, ...NO_COUNT, 0],
  outcome: [GONE, ...NO_TEXT, 'done', 'Completed', ''],
  retryable: [null, 'yes', 1, {}],
  attempts: NO_COUNT,
  replyto: [...NO_ID, 'elsewhere'],
  replytoken: [...NO_TEXT, '', 'x'.repeat(2049), '\ud800'],
};

const NO_PID: readonly unknown[] = [
  GONE,
  ...NO_TEXT,
  '',
  'x',
  '#',
  'default#fulfil',
  'a#b#c#d',
  'default#Fulfil#o-1',
  `default#fulfil#${'x'.repeat(201)}`,
  'x'.repeat(3_000),
  '\ud800',
  'default#fulfil#\u0000',
];

/** For each field of an internal message, invalid values. */
const INTERNAL: Readonly<Record<'tick' | 'start' | 'operate', Readonly<Record<string, readonly unknown[]>>>> = {
  tick: { pid: NO_PID, run: [GONE, ...NO_TEXT], tickAt: [GONE, null, '1', 'NaN', [], {}, true] },
  start: {
    startid: NO_ID,
    tenant: [GONE, ...NO_TEXT, '', 'a#b', 'x'.repeat(65)],
    process: [GONE, ...NO_TEXT, '', 'nobody', '__proto__', 'constructor', 'toString'],
    id: [GONE, ...NO_TEXT, '', 'a b', 'a#b', '../x', 'x'.repeat(201), '\ud800', 'ü'],
    data: [GONE, ...NO_TEXT, { orderId: 1 }, { orderid: 'x' }],
    time: NO_INSTANT,
    by: [GONE, ...NO_TEXT, ''],
    onopen: [...NO_TEXT, '', 'explode', '__proto__'],
    tags: [null, 0, 'x', ['x'], { a: 1 }, { a: null }, { a: ['x'] }],
    traceparent: [...NO_TEXT, ''],
  },
  operate: {
    opid: NO_ID,
    pid: NO_PID,
    act: [GONE, ...NO_TEXT, '', 'explode', 'toString'],
    reason: [GONE, ...NO_TEXT],
    by: [GONE, ...NO_TEXT, ''],
    skip: NO_TEXT,
    version: [null, 0, -1, 1.5, '1', [], {}, 1e308],
  },
};

/** JSON text that every schema of the orders system refuses. */
const wrongData = (choices: Choices): string => {
  const order = (id: string): string => `{"orderId":${id},"by":"x"}`;
  switch (choices.below(8)) {
    case 0:
      return JSON.stringify(
        choices.one([null, 0, 'x', [], [{ orderId: 'o-1' }], {}, { orderId: null }, { orderId: 7 }, { orderId: ['o-1'] }, { orderId: {} }]),
      );
    case 1:
      return tooDeepText(choices);
    case 2:
      return `{"orderId":"o-1","by":"x","note":${tooDeepText(choices)}}`;
    case 3:
      return order(JSON.stringify(choices.one(['', 'a b', 'a#b', '../x', 'x'.repeat(201), 'ü', '\u0000', '\u202e', '🧳', '\ufffe'])));
    case 4:
      return order('"\\ud800"');
    case 5:
      return `{"orderId":"o-1","by":"x","${choices.one(['__proto__', 'constructor', 'prototype'])}":${JSON.stringify({ polluted: 1 })}}`;
    case 6:
      return `{"orderId":"o-1","by":"x","more":{"deep":[{"${choices.one(['__proto__', 'constructor', 'prototype'])}":{"polluted":1}}]}}`;
    default:
      return `{"orderId":"o-1","by":"x","more":"\\udfff"}`;
  }
};

const MARK = '"the mark of what is replaced"';

/** A value with one changed field, as text. The field's value may be text that JSON.stringify never writes. */
const withText = (value: Fields, field: string, valueText: string): string =>
  JSON.stringify({ ...value, [field]: JSON.parse(MARK) as string }).replace(MARK, () => valueText);

const withValue = (value: Fields, field: string, replaced: unknown): Fields => {
  if (replaced === GONE) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== field));
  return Object.fromEntries([...Object.entries(value).filter(([name]) => name !== field), [field, replaced]]);
};

const isBus = ({ kind }: RightMessage): boolean => kind === 'event' || kind === 'reply' || kind === 'plain';

/** A right message with one change that has a known effect. */
export const mutated = (choices: Choices, message: RightMessage): Mutated => {
  const made = choices.chance(0.75)
    ? broken(choices, message)
    : choices.chance(0.7)
      ? dressed(choices, message)
      : powerless(choices, message);
  // A message that was received often runs alone, except a tick, which its first letters identify. In another encoding it runs later.
  if (made?.effect === 'harmless' && message.kind === 'tick') return { ...made, effect: 'unclear' };
  return made ?? truncated(choices, message);
};

const broken = (choices: Choices, message: RightMessage): Mutated | undefined => {
  switch (choices.below(7)) {
    case 0:
      return truncated(choices, message);
    case 1:
      return { body: garbage(choices), effect: 'breaks', what: 'garbage' };
    case 2:
      return brokenData(choices, message);
    case 3:
      return brokenWhole(choices, message);
    case 4:
      return wrapped(choices, broken(choices, message));
    default:
      return brokenField(choices, message);
  }
};

/** A truncated message: no proper prefix of an object's text is JSON. */
const truncated = (choices: Choices, { value }: RightMessage): Mutated => {
  const whole = JSON.stringify(value);
  return { body: whole.slice(0, choices.below(whole.length)), effect: 'breaks', what: 'truncated' };
};

const brokenField = (choices: Choices, message: RightMessage): Mutated | undefined => {
  const { kind, value } = message;
  const table = kind === 'event' ? EVENT : kind === 'reply' ? REPLY : kind === 'plain' ? undefined : INTERNAL[kind];
  if (table === undefined) return undefined;
  const field = choices.one(Object.keys(table));
  const bad = choices.one(table[field] ?? []);
  const what = `${field} is ${bad === GONE ? 'gone' : JSON.stringify(bad)?.slice(0, 60)}`;
  if (!isBus(message)) return twice(choices, value, withValue(value, field, bad), what, (whole) => whole);
  const detail = value['detail'] as Fields;
  return twice(choices, detail, withValue(detail, field, bad), what, (inner) => withText(value, 'detail', inner));
};

/** The bad field alone, or beside the right one. Of two members with one name, JSON.parse uses the last. */
const twice = (choices: Choices, right: Fields, wrong: Fields, what: string, outer: (text: string) => string): Mutated => {
  const [good, bad] = [JSON.stringify(right), JSON.stringify(wrong)];
  const changed = Object.keys(right).length === Object.keys(wrong).length;
  if (!changed || choices.chance(0.8)) return { body: outer(bad), effect: 'breaks', what };
  const [first, last, effect] = choices.chance(0.5) ? [good, bad, 'breaks' as const] : [bad, good, 'harmless' as const];
  return { body: outer(`${first.slice(0, -1)},${last.slice(1)}`), effect, what: `doubled, ${what}` };
};

const brokenData = (choices: Choices, message: RightMessage): Mutated | undefined => {
  const { kind, value } = message;
  const wrong = wrongData(choices);
  const what = `data is ${wrong.slice(0, 60)}`;
  if (kind === 'plain') return { body: withText(value, 'detail', wrong), effect: 'breaks', what };
  // The id of a client's start is outside its data, so only data that every schema refuses breaks it.
  if (kind !== 'event') return undefined;
  const { dataref: _, ...detail } = value['detail'] as Fields;
  if ('processid' in detail && wrong.startsWith('{"orderId":"')) return undefined;
  return { body: withText(value, 'detail', withText(detail, 'data', wrong)), effect: 'breaks', what };
};

const brokenWhole = (choices: Choices, message: RightMessage): Mutated | undefined => {
  const { kind, value } = message;
  const whole = JSON.stringify(value);
  if (!isBus(message)) {
    const tutti = choices.one<unknown>([null, 0, '', 'Tick', 'frobnicate', '__proto__', 'toString', [], {}, ['tick'], { toString: 1 }]);
    return { body: JSON.stringify({ ...value, tutti }), effect: 'breaks', what: `tutti is ${JSON.stringify(tutti)}` };
  }
  const detail = value['detail'] as Fields;
  switch (choices.below(8)) {
    case 0:
      return { body: `\ufeff${whole}`, effect: 'breaks', what: 'a byte order mark' };
    case 1:
      return {
        body: JSON.stringify({ ...value, account: choices.one(['999999999999', null, 0, [], '', ['local']]) }),
        effect: 'breaks',
        what: 'another account',
      };
    case 2:
      return {
        body: JSON.stringify({ ...value, detail: choices.one([null, 0, '', [], [detail], JSON.stringify(detail), true]) }),
        effect: 'breaks',
        what: 'detail is no envelope',
      };
    case 3:
      return { body: JSON.stringify([value]), effect: 'breaks', what: 'an array of it' };
    case 4:
      return { body: JSON.stringify({ ...value, source: 'mallory' }), effect: 'breaks', what: 'published by another source' };
    case 5:
      return { body: JSON.stringify({ ...value, 'detail-type': 'shop.else' }), effect: 'breaks', what: 'published as another type' };
    case 6:
      if (kind !== 'event') return undefined;
      return {
        body: JSON.stringify({ ...value, detail: { ...detail, dataref: 'payload:x' } }),
        effect: 'dataref' in detail ? 'powerless' : 'breaks',
        what: 'dataref beside data',
      };
    default:
      return { body: JSON.stringify(detail), effect: 'breaks', what: 'no bus around it' };
  }
};

/** Wrapped like a message from the dead-letter queue, correctly or not. */
const wrapped = (choices: Choices, inner: Mutated | undefined): Mutated | undefined => {
  if (inner === undefined) return undefined;
  // It is ordered by its first arrival, so it may be applied to another state.
  const effect = inner.effect === 'harmless' ? 'unclear' : inner.effect;
  if (choices.chance(0.6))
    return {
      ...inner,
      effect,
      body: JSON.stringify({ tutti: 'forced', body: inner.body, sentat: 1_700_000_000_000 }),
      what: `wrapped: ${inner.what}`,
    };
  const wrong = choices.one<Fields>([
    { body: 1 },
    { body: null },
    { body: { tutti: 'forced' } },
    { sentat: null },
    { sentat: '1' },
    { sentat: -1 },
  ]);
  return {
    body: JSON.stringify({ tutti: 'forced', body: inner.body, sentat: 1_700_000_000_000, ...wrong }),
    effect: 'breaks',
    what: 'a broken wrapper',
  };
};

/** Another encoding of the same content. */
const dressed = (choices: Choices, message: RightMessage): Mutated => {
  const { value } = message;
  const what = 'another dress';
  const whole = JSON.stringify(value);
  switch (choices.below(isBus(message) ? 6 : 3)) {
    case 0:
      return { body: ` \n\t${whole}\r\n `, effect: 'harmless', what: 'white space' };
    case 1:
      return { body: JSON.stringify(Object.fromEntries(Object.entries(value).toReversed())), effect: 'harmless', what: 'another order' };
    case 2:
      return {
        body: `${whole.slice(0, -1)},"more":${choices.chance(0.2) ? tooDeepText(choices) : JSON.stringify(json(choices))}}`,
        effect: 'harmless',
        what: 'one member more',
      };
    case 3:
      return {
        body: `${whole.slice(0, -1)},"__proto__":{"tutti":"tick","detail":null}}`,
        effect: 'harmless',
        what: 'a prototype beside it',
      };
    case 4: {
      const key = choices.one(HOSTILE_KEYS.filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name)));
      if (message.kind === 'plain') return { body: whole, effect: 'harmless', what };
      return {
        body: withText(value, 'detail', JSON.stringify({ ...(value['detail'] as Fields), [key]: 1 })),
        effect: 'harmless',
        what: `a member ${key}`,
      };
    }
    default: {
      if (message.kind === 'reply') return { body: whole, effect: 'harmless', what };
      // Escaped as the JSON writer of another producer does.
      return {
        body: whole.replace(/\\(?:u[0-9a-f]{4}|.)|[A-Za-z]/g, (letter) =>
          letter.length === 1 && choices.chance(0.02) ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter,
        ),
        effect: 'harmless',
        what: 'escaped letters',
      };
    }
  }
};

/** A message with the right form that must have no effect. */
const powerless = (choices: Choices, { kind, value }: RightMessage): Mutated | undefined => {
  const detail = value['detail'] as Fields;
  const over = (fields: Fields, what: string): Mutated => ({
    body: JSON.stringify({
      ...value,
      ...(fields['source'] !== undefined && { source: fields['source'] }),
      detail: { ...detail, ...fields },
    }),
    effect: 'powerless',
    what,
  });
  if (kind === 'reply')
    switch (choices.below(4)) {
      case 0:
        return over({ source: choices.one(['mallory', 'shop', 'Payments', 'payments2']) }, 'a forged source');
      case 1:
        // A reply that is also an event is delivered as an event. A reply to a command that was not sent yet has no hash to compare.
        return detail['type'] === 'payments.refunded' || String(detail['commandid']).endsWith('/9999')
          ? undefined
          : over({ commandhash: `sha256:${'0'.repeat(64)}` }, 'a reply to another command');
      case 2:
        return over(
          { commandid: `${String(detail['commandid']).split('/').slice(0, 2).join('/')}/4999`, source: 'mallory' },
          'a forged source replies to a command that was not sent',
        );
      default:
        return over(
          {
            data: undefined,
            dataref: choices.one([`payload:${'0'.repeat(64)}`, 's3://elsewhere/x/y/0', 'file:///etc/passwd', text(choices) || 'x']),
            datahash: `sha256:${'0'.repeat(64)}`,
          },
          'its data is missing',
        );
    }
  if (kind !== 'event') return undefined;
  return choices.chance(0.5)
    ? over({ dataversion: choices.one([99, 2 ** 53 - 1]) }, 'a newer version')
    : over(
        {
          data: undefined,
          dataref: choices.one([`payload:${'0'.repeat(64)}`, 's3://elsewhere/x', '../..']),
          datahash: `sha256:${'0'.repeat(64)}`,
        },
        'its data is missing',
      );
};

/** Any field has any value: the effect is not known. */
export const scrambled = (choices: Choices, message: RightMessage): Mutated => {
  const inner = isBus(message) && choices.chance(0.8) ? (message.value['detail'] as Fields) : message.value;
  const field = choices.one([...Object.keys(inner), 'data', 'processid', 'tenant', 'dataref']);
  const changed = withText(inner, field, choices.chance(0.1) ? tooDeepText(choices) : (JSON.stringify(json(choices)) ?? 'null'));
  return {
    body: inner === message.value ? changed : withText(message.value, 'detail', changed),
    effect: 'unclear',
    what: `scrambled ${field}`,
  };
};

const COMMAND: Readonly<Record<string, readonly unknown[]>> = {
  ...ENVELOPE,
  source: NO_ID,
  type: NO_ID,
  hops: [GONE, ...NO_COUNT],
  datahash: [GONE, ...NO_HASH],
  attempt: [...NO_COUNT, 0],
  retryattempts: [...NO_COUNT, 0],
  retryfirst: NO_COUNT,
  retrymost: NO_COUNT,
  retryfactor: [...NO_TEXT, '', '0.5', '1e3', '-1', '1.', 'NaN', 'Infinity', 2],
  timeout: [...NO_COUNT, 0],
  deadline: NO_INSTANT.slice(1),
  undoes: NO_ID.slice(1),
  undoesoutcome: [...NO_TEXT, 'done', ''],
  replyto: [...NO_ID],
  replytoken: [...NO_TEXT, '', 'x'.repeat(2049)],
  outcome: ['completed', null],
  commandid: ['x', null],
};

/** A command with one change that has a known effect. */
export const mutatedCommand = (choices: Choices, value: Fields): Mutated => {
  const whole = JSON.stringify(value);
  switch (choices.below(9)) {
    case 0:
      return truncated(choices, { kind: 'event', value });
    case 1:
      return { body: garbage(choices), effect: 'breaks', what: 'garbage' };
    case 2: {
      if ('dataref' in value) return { body: JSON.stringify({ ...value, data: 1 }), effect: 'breaks', what: 'data beside dataref' };
      const wrong = choices.one([
        tooDeepText(choices),
        `{"a":${tooDeepText(choices)}}`,
        '"\\ud800"',
        '{"\\udfff":1}',
        '{"__proto__":{"polluted":1}}',
        '{"a":[{"constructor":{"prototype":{"polluted":1}}}]}',
      ]);
      return { body: withText(value, 'data', wrong), effect: 'breaks', what: `data is ${wrong.slice(0, 60)}` };
    }
    case 3:
      return { body: `\ufeff${whole}`, effect: 'breaks', what: 'a byte order mark' };
    case 4:
      return {
        body: ` \n${JSON.stringify(Object.fromEntries(Object.entries({ more: JSON.parse(JSON.stringify(plainJson(choices))) as unknown, ...value }).toReversed()))} `,
        effect: 'harmless',
        what: 'another dress',
      };
    case 5:
      return powerlessCommand(choices, value);
    default: {
      const field = choices.one(Object.keys(COMMAND));
      const bad = choices.one(COMMAND[field] ?? []);
      return twice(
        choices,
        value,
        withValue(value, field, bad),
        `${field} is ${bad === GONE ? 'gone' : JSON.stringify(bad)?.slice(0, 60)}`,
        (inner) => inner,
      );
    }
  }
};

/** A command with the right form that no handler can run. */
const powerlessCommand = (choices: Choices, { data: _data, dataref: _dataref, ...value }: Fields): Mutated => {
  const none = `sha256:${'0'.repeat(64)}`;
  const [what, fields] = choices.one<readonly [string, Fields]>([
    [
      'a command without a handler',
      { type: choices.one(['payments.nothing', 'flights.charge', 'payments', 'payments.toString', 'payments.__proto__']), data: {} },
    ],
    ['a newer version', { dataversion: 99, data: {} }],
    ['its data is missing', { dataref: choices.one(['s3://elsewhere/x/y/0', 'payload:x', '../..', text(choices) || 'x']) }],
    ['data of another type', { data: choices.one([null, 1, 'x', [], {}, { orderId: 1 }, { orderId: ['x'] }]) }],
  ]);
  return {
    body: JSON.stringify({ ...value, datahash: none, id: `powerless#p#${choices.below(50)}/r/1`, ...fields }),
    effect: 'powerless',
    what,
  };
};
