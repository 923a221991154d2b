import { ClientError } from '../../contract/errors.ts';

/** One damaged place in the files of a folder. */
export interface Damage {
  /** Name of the file inside of the folder. */
  readonly file: string;
  /** First byte of the damaged place; undefined if it is not known. */
  readonly offset?: number;
  /** The damage, as the end of a sentence that begins with the place. */
  readonly what: string;
  /** The data that `tutti repair` drops because of it, as a sentence. */
  readonly drops: string;
}

/** The error for a folder with damage that no crash explains: it is not opened. */
export function stateCorrupt(directory: string, damage: Omit<Damage, 'drops'>, cause?: unknown): ClientError {
  return new ClientError(
    'STATE_CORRUPT',
    `The state in ${directory} is damaged: ${damageLocation(damage)} ${damage.what}. Nothing was changed.`,
    {
      details: { directory, file: damage.file, offset: damage.offset ?? null },
      cause,
    },
  );
}

export function damageLocation({ file, offset }: Omit<Damage, 'drops'>): string {
  return offset === undefined ? file : `${file} at byte ${offset}`;
}
