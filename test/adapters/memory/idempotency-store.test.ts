import { MemoryIdempotencyStore } from '../../../lib/adapters/memory/idempotency-store.ts';
import { idempotencyStoreContract } from '../../contracts/idempotency-store.contract.ts';

idempotencyStoreContract('memory', () => new MemoryIdempotencyStore());
