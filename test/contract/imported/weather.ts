// Made by tutti contracts import weather.yaml --service weather. The next import replaces this file: change the document instead.
// The document has no retry, timeout or dedupeBy. An upcast here reads data of the previous version as the next one.
// Note: the message stormSighted is read as the event weather.storm-sighted.

import * as z from 'zod';
import { command, event, service } from 'tutti';

export const StormSightedData = z.object({
  place: z.string(),
});

export const ForecastInput = z.object({
  place: z.string(),
});

export const ForecastOutput = z.object({
  celsius: z.number(),
});

export const ForecastUnknownPlace = z.record(z.string(), z.json());

export const ForgetInput = z.object({
  place: z.string(),
});

export const StormSighted = event('weather.storm-sighted', StormSightedData);

export const weather = service('weather', {
  forecast: command({
    input: ForecastInput,
    output: ForecastOutput,
    errors: { UnknownPlace: ForecastUnknownPlace },
  }),
  forget: command({
    input: ForgetInput,
  }),
});
