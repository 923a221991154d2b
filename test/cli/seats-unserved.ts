// Exports the system without the service `desk`.
export { seats } from './seats.ts';
