import { expect, test } from 'vitest';
import { edgesOf, flowOfBody, flowsOfFiles } from './of-code.ts';

test('calls in a row lead from the start to the end, with the undo and the declared errors of each command', async () => {
  const flow = await flowOfBody(`
    const paid = await ctx.call(payments.charge, { amount: 1 });
    await ctx.call(mails.tell, { text: paid.id });
    return { status: 'paid' };`);
  expect(edgesOf(flow)).toEqual(['start -> payments.charge', 'payments.charge -> mails.tell', "mails.tell -> end { status: 'paid' }"]);
  expect(flow.nodes[1]).toMatchObject({ name: 'payments.charge', undo: 'payments.refund', errors: ['CardDeclined'], scope: [] });
  expect(flow.nodes.at(-1)).toMatchObject({ kind: 'end', returns: { status: 'paid' } });
  expect(flow.unresolved).toEqual([]);
});

test.each([
  [
    'an if with a step in it is a choice, and one without is left out',
    `if (input.vip) await ctx.call(mails.tell, {}); if (input.loud) input.count += 1;`,
    [
      'start -> choice input.vip',
      'choice input.vip -yes-> mails.tell',
      'mails.tell -> end completed',
      'choice input.vip -no-> end completed',
    ],
  ],
  [
    'a switch has an edge for each case, falls through, and has an else',
    `switch (input.kind) { case 'a': case 'b': await ctx.call(mails.tell, {}); break; }`,
    [
      'start -> choice input.kind',
      `choice input.kind -'b'-> mails.tell`,
      `choice input.kind -'a'-> mails.tell`,
      'mails.tell -> end completed',
      'choice input.kind -else-> end completed',
    ],
  ],
  [
    'a loop leads back to its head, and break leaves it',
    `for (;;) { const paid = await ctx.waitFor(Paid, { timeout: '1 day' }); if (paid) break; ctx.send(mails.tell, {}); }`,
    [
      'start -> loop without end',
      'loop without end -> wait orders.paid',
      'wait orders.paid -> choice paid',
      'choice paid -no-> send mails.tell',
      'send mails.tell -again-> loop without end',
      'choice paid -yes-> end completed',
    ],
  ],
  [
    'a loop over events waits at each turn',
    `for await (const event of ctx.each([Paid, Cancelled], { until: '1 hour' })) await ctx.call(mails.tell, {});`,
    [
      'start -> loop each event',
      'loop each event -> wait orders.paid or orders.cancelled',
      'wait orders.paid or orders.cancelled -> mails.tell',
      'mails.tell -again-> loop each event',
      'loop each event -done-> end completed',
    ],
  ],
  [
    'a race is a fork with a named branch each, and one join',
    `await ctx.race({ paid: ctx.waitFor(Paid), late: ctx.sleep('1 day') });`,
    [
      'start -> fork side by side',
      'fork side by side -paid-> wait orders.paid',
      'fork side by side -late-> timer wait 1 day',
      'wait orders.paid -> join the first',
      'timer wait 1 day -> join the first',
      'join the first -> end completed',
    ],
  ],
  [
    'Promise.all and an array that is mapped run side by side',
    `await Promise.all([ctx.call(payments.charge, {}), ctx.run('print', async () => {})]); await Promise.all(input.all.map((each) => ctx.call(mails.tell, each)));`,
    [
      'start -> fork side by side',
      'fork side by side -1-> payments.charge',
      'fork side by side -2-> step print',
      'payments.charge -> join all',
      'step print -> join all',
      'join all -> fork each of input.all',
      'fork each of input.all -> mails.tell',
      'mails.tell -> join all',
      'join all -> end completed',
    ],
  ],
  [
    'a step that fails in a try leads to the code that catches it',
    `try { await ctx.call(payments.charge, {}); } catch (error) { await ctx.call(mails.tell, {}); }`,
    [
      'start -> payments.charge',
      'payments.charge -fails-> caught caught error',
      'caught caught error -> mails.tell',
      'payments.charge -> end completed',
      'mails.tell -> end completed',
    ],
  ],
  [
    'a throw of a failure ends the process',
    `if (input.bad) throw ctx.errors.NotPaid({}); await ctx.undo();`,
    [
      'start -> choice input.bad',
      'choice input.bad -yes-> failure ctx.errors.NotPaid({})',
      'choice input.bad -no-> undo undo all of the scope',
      'undo undo all of the scope -> end completed',
    ],
  ],
  [
    'a compensation has its code beside it',
    `ctx.compensate('tell them', async (ctx) => { await ctx.call(mails.tell, {}); }); await ctx.call(payments.charge, {}); ctx.pivot();`,
    [
      'start -> compensation tell them',
      'compensation tell them -undo-> undo undo: tell them',
      'undo undo: tell them -> mails.tell',
      'compensation tell them -> payments.charge',
      'payments.charge -> pivot point of no return',
      'pivot point of no return -> end completed',
    ],
  ],
  [
    'a conditional expression and && are choices',
    `input.a && ctx.send(mails.tell, {}); await (input.b ? ctx.call(payments.charge, {}) : ctx.sleep('1 hour'));`,
    [
      'start -> choice input.a',
      'choice input.a -yes-> send mails.tell',
      'send mails.tell -> choice input.b',
      'choice input.a -no-> choice input.b',
      'choice input.b -yes-> payments.charge',
      'choice input.b -no-> timer wait 1 hour',
      'payments.charge -> end completed',
      'timer wait 1 hour -> end completed',
    ],
  ],
  [
    'a run that continues as new ends there',
    `if (ctx.suggestsContinuing) return ctx.continueAsNew(input); await ctx.waitFor(Paid);`,
    [
      'start -> choice ctx.suggestsContinuing',
      'choice ctx.suggestsContinuing -yes-> end continues as a new run',
      'choice ctx.suggestsContinuing -no-> wait orders.paid',
      'wait orders.paid -> end completed',
    ],
  ],
])('%s', async (_, body, edges) => {
  const flow = await flowOfBody(body);
  expect([edgesOf(flow), flow.unresolved]).toEqual([edges, []]);
});

test('a scope, a map and an every open a scope of their own in the paths of their steps', async () => {
  const flow = await flowOfBody(`
    await ctx.scope('pay: once', async () => ctx.call(payments.charge, {}));
    await ctx.map(input.all, async (ctx, each) => ctx.call(mails.tell, each));
    await ctx.race({ paid: ctx.waitFor(Paid), tell: ctx.every('1 day', async () => ctx.send(mails.tell, {})) });`);
  expect(flow.unresolved).toEqual([]);
  const paths = flow.nodes
    .filter(({ kind }) => kind === 'command' || kind === 'send' || kind === 'timer')
    .map(({ scope, name }) => [...scope, name].join('/'));
  expect(paths).toEqual(['pay%3A once/payments.charge', 'map/*/mails.tell', 'every/until', 'every/mails.tell']);
});

test('a helper that is given ctx is drawn in place of its call, from another module too, and recursion is cut', async () => {
  const [flow] = await flowsOfFiles({
    'order.ts': `import { inform as tellThem } from './inform.ts';
      export const order = process('order', { version: 3 }, async (ctx, input) => {
        const pay = async () => { await ctx.call(payments.charge, {}); };
        await pay();
        await tellThem(ctx);
      });
      import { payments } from './contracts.ts';`,
    'inform.ts': `import * as contracts from './contracts.ts';
      export async function inform(to: AnyContext) { await to.sleep('1 hour'); await to.call(contracts.mails.tell, {}); if (again()) await inform(to); }`,
    'contracts.ts': `export * from './payments.ts'; export const mails = service('mails', { tell: command({}) });`,
    'payments.ts': `const charge = command({}); export const payments = service('payments', { charge });`,
  });
  expect(flow && [flow.process, flow.version, edgesOf(flow)]).toEqual([
    'order',
    3,
    [
      'start -> payments.charge',
      'payments.charge -> timer wait 1 hour',
      'timer wait 1 hour -> mails.tell',
      'mails.tell -> choice again()',
      'choice again() -yes-> end completed',
      'choice again() -no-> end completed',
    ],
  ]);
  expect(flow?.unresolved).toEqual([expect.stringContaining('calls itself')]);
});

test('a name that the source does not tell is drawn with its text, and reported with its line', async () => {
  const flow = await flowOfBody(`await ctx.call(input.loud ? mails.tell : payments.charge, {}); await unknownHelper(ctx);`);
  expect(flow.nodes.slice(1, 3).map(({ kind, label, name }) => [kind, label, name])).toEqual([
    ['command', 'input.loud ? mails.tell : payments.charge', '*'],
    ['unresolved', 'unknownHelper', undefined],
  ]);
  expect(flow.unresolved).toEqual([
    expect.stringMatching(/^line \d+: the command input\.loud .* is not known$/),
    expect.stringMatching(/^line \d+: unknownHelper is given ctx, and its code was not found$/),
  ]);
});

test('a process of more than 400 nodes is a list of its first 100 steps, with the reason', async () => {
  const flow = await flowOfBody('await ctx.call(payments.charge, {});\n'.repeat(500));
  expect([flow.nodes.length, flow.unresolved]).toEqual([100, [expect.stringContaining('it is only listed: it has more than 400 nodes')]]);
});

test('a decider has an edge from the state to each message, and from there to its actions', async () => {
  const [flow] = await flowsOfFiles({
    'counter.ts': `import { Viewed, shop } from './contracts.ts';
      const remind = timer('remind');
      const later = () => remind.in('1 day');
      export const counter = decider('counter', { state: Count, version: 2 })
        .on(Viewed.byId((viewed) => viewed.user), (state) => [state, later(), state.many && send(shop.offer, {})])
        .on(remind, (state) => [state, publish(Viewed, {}), remind.clear(), end({ done: true })]);`,
    'contracts.ts': `export const Viewed = event('shop.viewed', View); export const shop = service('shop', { offer: command({}) });`,
  });
  expect(flow && [flow.kind, flow.version, flow.unresolved, edgesOf(flow).filter((edge) => !edge.endsWith('-> state'))]).toEqual([
    'decider',
    2,
    [],
    [
      'state -> handler shop.viewed',
      'handler shop.viewed -> timer remind in 1 day',
      'handler shop.viewed -> send shop.offer',
      'state -> handler remind',
      'handler remind -> publish shop.viewed',
      'handler remind -> timer clear remind',
      'handler remind -> end { done: true }',
    ],
  ]);
});
