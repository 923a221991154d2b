/** A mutation of one mechanism: one exact piece of production source, and what stands there instead where the bug is switched on. */
export interface Patch {
  /** Relative to the project's root. */
  readonly file: string;
  /** Stands exactly once in the file: an expression, or whole statements. */
  readonly find: string;
  /** What is built instead. `PLANTED` in it becomes the question whether the bug is switched on, `ORIGINAL` what was found. */
  readonly plant: string;
}

/** An error of design that a model shows to be one, made in the real code. */
export interface PlantedBug {
  readonly name: string;
  /** The mutants of models that it stands for, `head.pml | NO_RESEND`, and rows of docs/correctness.md, by the name of the page and their number. */
  readonly rows: readonly string[];
  readonly what: string;
  /** Where it is sought, if all scenarios together would meet it too seldom. @default what the seed draws */
  readonly scenario?: string;
  /** Of one that was truly there: the subject of the commit that mended it. */
  readonly mended?: string;
  /** It is met by too few seeds to be sought in a build: its fixture shows it. */
  readonly rare?: true;
  /** No seed of a build shows it, and none was kept that does: what holds it instead. It is planted, and not hunted. */
  readonly elusive?: string;
  readonly patches: readonly Patch[];
}
