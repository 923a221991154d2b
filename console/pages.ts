/** A page of the navigation, with the key that goes there after `g`. */
export interface PageLink {
  readonly text: string;
  readonly to: string;
  readonly key: string;
}

export const PAGES: readonly PageLink[] = [
  { text: 'Overview', to: '/', key: 'o' },
  { text: 'Instances', to: '/list', key: 'l' },
  { text: 'Stuck', to: '/stuck', key: 's' },
  { text: 'Parked events', to: '/parked', key: 'p' },
  { text: 'Tasks', to: '/tasks', key: 't' },
  { text: 'Bulk operations', to: '/bulk', key: 'b' },
  { text: 'Services', to: '/services', key: 'v' },
  { text: 'Schedules', to: '/schedules', key: 'h' },
  { text: 'Processes', to: '/processes', key: 'd' },
  { text: 'Map', to: '/map', key: 'm' },
  { text: 'Cost', to: '/cost', key: 'c' },
];
