import { system } from 'tutti';
import { notifications, purchases, recommendations } from './contracts.ts';
import { userActivity } from './user-activity.ts';

export const shop = system('shop', { processes: [userActivity], services: [purchases, recommendations, notifications] });
