import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Stage {
  readonly title: string;
  readonly text: string;
  readonly folders: readonly string[];
}

/** In the order in which a reply enters them. */
const stages: readonly Stage[] = [
  {
    title: 'Receive',
    text: 'A worker hands a batch of messages to the engine. On AWS `functions/queue-batch.ts` does it, and the queue is SQS.',
    folders: ['lib/engine/', 'lib/adapters/'],
  },
  {
    title: 'Admit',
    text: 'The body becomes an envelope. Its fields are checked, and the reply goes to the instance that sent the command.',
    folders: ['lib/engine/admit/', 'lib/contract/'],
  },
  {
    title: 'Load and decode',
    text: 'The head is read from the store; the instance is not in the cache, so its journal is read too.',
    folders: ['lib/format/'],
  },
  {
    title: 'Advance',
    text: 'The group of events of one instance is judged against the head, decided and committed with one conditional write.',
    folders: ['lib/engine/advance/'],
  },
  {
    title: 'Decide',
    text: 'The kernel classifies the reply, applies it to the run, and issues the next command.',
    folders: ['lib/core/'],
  },
  {
    title: 'Run the process',
    text: 'The front end resumes the code of the author: the awaited call returns, and the code calls the next command.',
    folders: ['lib/process/'],
  },
  { title: 'Send', text: 'The commands of the committed head go to the queues of their services.', folders: ['lib/engine/send/'] },
  { title: 'Acknowledge', text: 'The message is deleted, because all that it caused has been sent.', folders: ['lib/engine/acknowledge/'] },
];

/** The folder of a stage that holds a file; the longest wins. */
const stageOf = (path: string): Stage | undefined =>
  stages
    .flatMap((stage) => stage.folders.map((folder) => ({ stage, folder })))
    .filter(({ folder }) => path.startsWith(folder))
    .toSorted((one, other) => other.folder.length - one.folder.length)[0]?.stage;

export function pageOf(root: string, files: readonly string[]): string {
  const sections = stages.map((stage, at) => {
    const lines = files.filter((path) => stageOf(path) === stage).map((path) => `- \`${path}\`${subjectOf(root, path)}`);
    return `## ${at + 1}. ${stage.title}\n\n${stage.text}\n\n${lines.join('\n')}`;
  });
  return [
    '# One reply, file by file',
    '',
    'A service has replied to a command. This page names each file of `lib` that runs until the next command is sent: one',
    'reply to an instance that is not in the cache, with the adapters of memory. [ARCHITECTURE.md](../ARCHITECTURE.md) says',
    'in words how an event becomes commands.',
    '',
    `One cold reply runs through ${files.length} files. The calls of the ports part it into six phases,`,
    'and it comes back at most once to a file that it has left.',
    '`WRITE_ONE_REPLY=1 npx vitest run test/one-reply` writes this page.',
    '',
    sections.join('\n\n'),
    '',
  ].join('\n');
}

export const filesOf = (page: string): readonly string[] => [...page.matchAll(/^- `(lib\/[^`]+)`/gm)].map((match) => match[1]!).toSorted();

/** The first sentence of the first doc comment of a file that is no header of a folder, where it fits into a line. */
function subjectOf(root: string, path: string): string {
  const comments = [...readFileSync(join(root, path), 'utf8').matchAll(/\/\*\*([^]*?)\*\//g)];
  const texts = comments.map(([, comment = '']) => comment.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim());
  const text = texts.find((each) => !/^(?:The main file|Input:)/.test(each)) ?? '';
  const sentence = /^(.*?[.:])(?:\s|$)/.exec(text)?.[1]?.replace(/[.:]$/, '');
  return sentence === undefined || path.length + sentence.length > 112 ? '' : `: ${sentence}`;
}
