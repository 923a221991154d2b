/** Load on the embedded runtime. The services run in the same process, answer at once, and have more slots than commands. */
import { CheckoutTravelCart, flights, hotels, notifications, payments } from '../examples/travel-booking/contracts.ts';
import { trips } from '../examples/travel-booking/system.ts';
import type { AnyEvent } from '../lib/contract/event.ts';
import type { System } from '../lib/contract/system.ts';
import type { Runtime } from '../lib/local/runtime.ts';
import { startLocal, type LocalSystem } from '../lib/local/start-local.ts';
import { serve } from '../lib/service/serve.ts';
import { rounds, type Timing } from './rounds.ts';
import { cartOf, GroupPlanned, TourPlanned, tours, trains } from './systems.ts';

type Served = NonNullable<ConstructorParameters<typeof Runtime>[1]['services']>;

const SLOTS = 200;

interface BookingLoad {
  readonly concurrency: number;
  readonly soldOut: boolean;
  /** Runs the engine in a thread of its own, as `tutti dev` does. */
  readonly thread?: boolean;
}

const ENTRY = new URL('../examples/travel-booking/system.ts', import.meta.url);

/** Bookings, from the publishing of the cart until the closed instance is committed. */
export const timeBookings = (load: BookingLoad, directory: string | undefined): Promise<Timing> => {
  const { concurrency, soldOut, thread = false } = load;
  const measure = (book: Book): Promise<Timing> =>
    rounds({ concurrency, seconds: 1, rounds: 3, warmUpSeconds: 2.5 }, (number) => book(number, soldOut));
  return withTrips(directory, measure, thread ? ENTRY : undefined);
};

/** Publishes a cart and resolves when its booking is closed. */
type Book = (number: number, soldOut?: boolean) => Promise<void>;

/** Runs the travel booking. */
export const withTrips = <T>(directory: string | undefined, measure: (book: Book) => Promise<T>, entry?: URL): Promise<T> => {
  const services = [
    serve(payments, { charge: async () => ({ paymentId: 'pi_3NkVqL2eZvKYlo2C' }), refund: async () => {} }, { slots: SLOTS }),
    serve(flights, { book: async () => ({ reference: 'X4K9QT' }), cancel: async () => {} }, { slots: SLOTS }),
    serve(
      hotels,
      {
        book: async ({ city }, task) => {
          if (city === 'Venice') throw task.errors.SoldOut({ freeFrom: '2027-02-17' });
          return { reference: 'HT-55120871' };
        },
        cancel: async () => {},
      },
      { slots: SLOTS },
    ),
    serve(notifications, { notify: async () => {} }, { slots: SLOTS }),
  ];
  const bookings = ({ publish }: Load): Promise<T> =>
    measure((number, soldOut = false) => publish(CheckoutTravelCart, cartOf(`cart-${number}`, soldOut), 'book-trip', `cart-${number}`));
  return withRuntime(trips, services, directory, bookings, entry);
};

const trainService = () => serve(trains, { reserve: async () => ({ reference: 'RES-005120' }), cancel: async () => {} }, { slots: SLOTS });

/** Tours in sequence, which show whether a step costs more in a long process than in a short one. */
export const timeTours = (steps: number, directory: string | undefined): Promise<Timing> =>
  withRuntime(tours, [trainService()], directory, async ({ publish }) => {
    const tour = (id: string, legs: number): Promise<void> => publish(TourPlanned, { tourId: id, legs }, 'reserve-tour', id);
    for (let number = 0; number < 10; number += 1) await tour(`warm-${number}`, 100);
    return rounds({ concurrency: 1, seconds: 0.5, rounds: steps >= 10_000 ? 1 : 3, warmUpSeconds: 0 }, (number) =>
      tour(`tour-${number}`, steps),
    );
  });

/** All answers of an instance arrive at once. */
export const timeGroups = (steps: number, directory: string | undefined): Promise<Timing> =>
  withRuntime(tours, [trainService()], directory, ({ publish }) =>
    rounds({ concurrency: 1, seconds: 0.5, rounds: 3 }, (number) =>
      publish(GroupPlanned, { tourId: `group-${number}`, legs: steps }, 'reserve-group', `group-${number}`),
    ),
  );

interface Load {
  /** Publishes an event. Resolves when the instance that it starts is closed. */
  readonly publish: (event: AnyEvent, data: unknown, process: string, id: string) => Promise<void>;
}

const withRuntime = async <T>(
  system: System<string>,
  services: Served,
  directory: string | undefined,
  measure: (load: Load) => Promise<T>,
  entry?: URL,
): Promise<T> => {
  const closed = new Map<string, () => void>();
  const local: LocalSystem = await startLocal(system, {
    checks: false,
    services,
    ...(directory !== undefined && { directory }),
    ...(entry && { entry }),
    onCommit: (head) => {
      if (head.closedAt === undefined) return;
      closed.get(head.pid)?.();
      closed.delete(head.pid);
    },
  });
  const publish: Load['publish'] = async (event, data, process, id) => {
    const ended = new Promise<void>((resolve) => closed.set(`default#${process}#${id}`, resolve));
    await local.client.publish(event as never, data as never);
    await ended;
  };
  const measured = await measure({ publish });
  await local.stop();
  return measured;
};
