// A module that starts what it exports: the engine's thread must not import it.
import { startLocal } from 'tutti/local';
import { jobs } from '../watched-system.ts';

export { jobs };
export const running = await startLocal(jobs, { services: [] });
