// A module that cannot be imported, as after a slip of the pen.
JSON.parse('not JSON');
export const jobs = undefined;
