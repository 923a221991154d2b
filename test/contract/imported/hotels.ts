// Made by tutti contracts import hotels.yaml --service hotels. The next import replaces this file: change the document instead.
// The document has no retry, timeout or dedupeBy. An upcast here reads data of the previous version as the next one.
// Note: messages that are not of hotels were left out: shop.cart-checked-out.
// Note: the format "date" is an annotation and is not checked (schemas/stay.json#/properties/from/format, hotels.yaml#/components/messages/full/payload/properties/freeFrom/format).
// Note: an array must have all elements of prefixItems (schemas/stay.json#/properties/guests/items).
// Note: x-internal is not kept (hotels.yaml#/components/schemas/Price/x-internal).

import * as z from 'zod';
import { command, event, service } from 'tutti';

export const RoomFreedData = z.object({
  rooms: z.array(z.int().gt(0)).min(1),
});

export const BookInput = z.object({
  city: z.string().min(1).meta({ examples: ['Lisbon'] }),
  from: z.string().meta({ format: 'date' }),
  nights: z.int().min(1).default(1),
  guests: z.tuple([z.string()], z.string()).optional(),
  wishes: z.record(z.string(), z.boolean()).optional(),
}).meta({ title: 'A stay' });

export const Price = z.object({
  amount: z.int().min(0),
  currency: z.string().min(3).max(3),
});

export const Booking = z.object({
  reference: z.string().regex(/^HT\d+$/u),
  price: Price,
  notes: z.string().max(200).nullable().optional(),
  board: z.enum(['none', 'half', 'full']).default('none'),
  paid: z.discriminatedUnion('by', [
    z.object({
      by: z.literal('card'),
      card: z.string(),
    }),
    z.object({
      by: z.literal('cash'),
    }),
  ]).optional(),
}).describe('A reservation.');

export const BookSoldOut = z.object({
  freeFrom: z.string().meta({ format: 'date' }),
});

export const BookClosed = z.strictObject({});

export const RoomFreed = event('hotels.room-freed', RoomFreedData);

const cancel = command({
  input: Booking,
});

export const hotels = service('hotels', {
  /** Books a room, or says * / from which day on there is one. */
  book: command({
    input: BookInput,
    output: Booking,
    errors: { SoldOut: BookSoldOut, Closed: BookClosed },
    undo: { command: cancel, input: (_input, output) => output },
  }),
  cancel,
});
