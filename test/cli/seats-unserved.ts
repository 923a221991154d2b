// The system alone: nobody serves the desk.
export { seats } from './seats.ts';
