import { ContractError } from '../errors.ts';

/** Reads the files of a document. Both functions may throw, and their errors reach the caller unchanged. */
export interface DocumentReader {
  /** The content of a JSON or YAML file. */
  readonly read: (file: string) => unknown;
  /** The path of a file that another file refers to by a relative path. */
  readonly beside: (file: string, relative: string) => string;
}

/** A value in a file, with its JSON pointer for messages. */
export interface Place {
  readonly file: string;
  /** JSON pointer; empty for the whole file. */
  readonly at: string;
  readonly value: unknown;
}

type Node = Readonly<Record<string, unknown>>;

const REFERENCES_MAX = 50;

/** The files of one document, and the references between them. */
export class Documents {
  readonly #reader: DocumentReader;
  readonly #files = new Map<string, unknown>();

  constructor(reader: DocumentReader) {
    this.#reader = reader;
  }

  root(file: string): Place {
    if (!this.#files.has(file)) this.#files.set(file, this.#reader.read(file));
    return { file, at: '', value: this.#files.get(file) };
  }

  /** The place itself, or the place that its `$ref` names, over all further references. Throws `CONTRACT_INVALID`. */
  resolve(place: Place): Place {
    let here = place;
    for (let followed = 0; followed < REFERENCES_MAX; followed += 1) {
      const reference = isNode(here.value) ? here.value['$ref'] : undefined;
      if (reference === undefined) return here;
      here = this.#follow(here, reference);
    }
    throw faultAt(place, `more than ${REFERENCES_MAX} references in a row`, 'a reference that ends at a schema', 'Remove the circle.');
  }

  #follow(from: Place, reference: unknown): Place {
    const [file = '', pointer = ''] = typeof reference === 'string' ? reference.split('#') : [];
    const expected = 'a relative path, # and a JSON pointer, or one of the two';
    if (typeof reference !== 'string' || /^[a-z][a-z0-9+.-]*:/i.test(file) || file.startsWith('/'))
      throw faultAt(
        child(from, '$ref'),
        valueText(reference),
        expected,
        'Save the file beside the document, and refer to it by its relative path.',
      );
    let here = file === '' ? this.root(from.file) : this.root(this.#reader.beside(from.file, decodeURIComponent(file)));
    if (pointer !== '' && !pointer.startsWith('/'))
      throw faultAt(
        child(from, '$ref'),
        valueText(reference),
        `${expected}; anchors are not supported`,
        'Write the JSON pointer of the schema.',
      );
    for (const part of pointer.split('/').slice(1)) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      if (!(isNode(here.value) || Array.isArray(here.value)) || !Object.hasOwn(here.value, key))
        throw faultAt(
          child(from, '$ref'),
          valueText(reference),
          `a value at that place, and ${here.file} has none`,
          'Correct the reference.',
        );
      here = child(here, key);
    }
    return here;
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of a key or index of this place. */
export function child(place: Place, key: string | number): Place {
  const escaped = String(key).replaceAll('~', '~0').replaceAll('/', '~1');
  return { file: place.file, at: `${place.at}/${escaped}`, value: (place.value as Node | undefined)?.[key] };
}

/** The members of an object, or the elements of an array; none of any other value. */
export function children(place: Place): readonly (readonly [key: string, place: Place])[] {
  const { value } = place;
  return typeof value === 'object' && value !== null ? Object.keys(value).map((key) => [key, child(place, key)]) : [];
}

/** The place as a text of a message: `hotels/asyncapi.yaml#/components/messages`. */
export function placeText({ file, at }: Pick<Place, 'file' | 'at'>): string {
  return at === '' ? file : `${file}#${at}`;
}

const SHOWN_LENGTH_MAX = 80;

/** A value as a short text of a message. */
export function valueText(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? `a ${typeof value}`);
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}

/** The error for a value of a document: the place, the value, the expectation, and the remedy. */
export function faultAt(place: Place, got: string, expected: string, remedy: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `${placeText(place)} is ${got}: expected ${expected}.`, { remedy });
}
