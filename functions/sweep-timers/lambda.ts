import { deployedSystem } from '../deployed-system.ts';

export const handler = async (): Promise<unknown> => deployedSystem().name;
