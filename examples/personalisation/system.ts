import { system } from 'tutti';
import { notifications, recommendations } from './contracts.ts';
import { personalise } from './personalise.ts';

export const personalisation = system('personalisation', { processes: [personalise], services: [recommendations, notifications] });
