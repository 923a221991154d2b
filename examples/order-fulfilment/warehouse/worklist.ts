import { Ledger } from '../../foreign-systems/ledger.ts';

export interface Job {
  readonly orderId: string;
  readonly item: string;
  readonly quantity: number;
  /** The task token, which answers the command: `tutti.complete(warehouse.pack, token, { parcelId })`. */
  readonly token: string;
}

interface Listed extends Job {
  readonly key: string;
  readonly open: boolean;
  readonly highlighted: boolean;
}

const jobs = new Ledger<Listed>('worklist');
const returned = new Ledger<{ readonly key: string }>('returned-parcels');

/** The list of packing jobs in the warehouse. Each operation is idempotent: a repetition changes nothing. */
export const worklist = {
  async add(job: Job): Promise<void> {
    jobs.once(job.token, () => ({ ...job, key: job.token, open: true, highlighted: false }));
  },
  async remove(orderId: string): Promise<void> {
    change(orderId, { open: false });
  },
  async highlight(orderId: string): Promise<void> {
    change(orderId, { highlighted: true });
  },
  async returnToShelf(parcelId: string): Promise<void> {
    returned.once(parcelId, () => ({ key: parcelId }));
  },

  /** The open jobs as a packer sees them, highlighted ones first. */
  open: (): readonly Job[] => listed().toSorted((one, other) => Number(other.highlighted) - Number(one.highlighted)),
  highlighted: (): readonly string[] =>
    listed()
      .filter((job) => job.highlighted)
      .map((job) => job.orderId),
  returnedParcels: (): readonly string[] => returned.entries().map((parcel) => parcel.key),
};

function listed(): readonly Listed[] {
  return jobs.entries().filter((job) => job.open);
}

function change(orderId: string, to: Partial<Pick<Listed, 'open' | 'highlighted'>>): void {
  for (const job of listed()) if (job.orderId === orderId) jobs.put({ ...job, ...to });
}
