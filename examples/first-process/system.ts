import { system } from 'tutti';
import { bookSeat, flights, payments } from './book-seat.ts';

export const seats = system('seats', { processes: [bookSeat], services: [payments, flights] });
