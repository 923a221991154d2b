import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

/** No UTF-8 text has this byte, so a sealed value differs from every plain one. */
const SEALED = 0xff;
/** No frame of plain text begins with it: a record begins with a number. */
const SEALED_TEXT = '~';
const AT = { SALT: 1, COUNT: 17, TAG: 29, TEXT: 45 } as const;
const KEY_BYTES = 32;

/**
 * Encrypts the texts of a folder by AES-256-GCM (docs/decisions/0012-a-folder-has-one-key.md). Input: text. Output: bytes, or text for a frame.
 *
 * Z1 Each process derives a key of its own from the key of the folder by HKDF and a random salt, which each value names. Its nonces count, so no
 *    two values share key and nonce, however many a folder writes.
 * Z2 A value that was changed does not open.
 */
export class Seal {
  /** 48 bits of the hash of the key, by which a folder recognises it. */
  readonly mark: number;
  readonly #key: Uint8Array;
  readonly #salt = randomBytes(AT.COUNT - AT.SALT);
  readonly #derived = new Map<string, Uint8Array>();
  #count = 0n;

  constructor(key: Uint8Array) {
    this.#key = key;
    this.mark = createHash('sha256').update('tutti folder ').update(key).digest().readUIntBE(0, 6);
  }

  close(text: string): Buffer {
    const nonce = Buffer.alloc(AT.TAG - AT.COUNT);
    nonce.writeBigUInt64BE((this.#count += 1n), nonce.length - 8);
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(this.#salt), nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(SEALED), this.#salt, nonce, cipher.getAuthTag(), sealed]);
  }

  /** The text of a value. Plain bytes are of a folder that had no key when they were written. Throws if a sealed value was changed. */
  open(bytes: Buffer): string {
    if (bytes[0] !== SEALED) return bytes.toString('utf8');
    const key = this.#keyOf(bytes.subarray(AT.SALT, AT.COUNT));
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(AT.COUNT, AT.TAG));
    decipher.setAuthTag(bytes.subarray(AT.TAG, AT.TEXT));
    return decipher.update(bytes.subarray(AT.TEXT), undefined, 'utf8') + decipher.final('utf8');
  }

  closeText(text: string): string {
    return SEALED_TEXT + this.close(text).toString('base64');
  }

  openText(text: string): string {
    return text.startsWith(SEALED_TEXT) ? this.open(Buffer.from(text.slice(SEALED_TEXT.length), 'base64')) : text;
  }

  #keyOf(salt: Buffer): Uint8Array {
    const name = salt.toString('base64');
    const known = this.#derived.get(name);
    if (known) return known;
    const key = new Uint8Array(hkdfSync('sha256', this.#key, salt, 'tutti folder', KEY_BYTES));
    this.#derived.set(name, key);
    return key;
  }
}
