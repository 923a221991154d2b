interface Request {
  readonly key: string;
  readonly signal?: AbortSignal;
}

/** The effects of the foreign systems, by idempotency key. */
export const done = new Map<string, string>();

export const bank = {
  charge: async (cents: number, { key }: Request): Promise<{ id: string }> => {
    done.set(key, `charge ${cents}`);
    return { id: `p-${cents}` };
  },
  refund: async (id: string, { key }: Request): Promise<void> => void done.set(key, `refund ${id}`),
};

export const airline = {
  book: async (flight: string, { key }: Request): Promise<string> => {
    if (flight === 'full') return 'sold out';
    done.set(key, `book ${flight}`);
    return '12A';
  },
};
