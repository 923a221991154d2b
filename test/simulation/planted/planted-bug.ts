/** A mutation of one mechanism: an exact text of production source, and the text that replaces it when the bug is switched on. */
export interface Patch {
  /** The path from the root of the project. */
  readonly file: string;
  /** A text that the file has exactly once: an expression, or whole statements. */
  readonly find: string;
  /** The text that is built instead. `PLANTED` in it becomes the condition that the bug is switched on, `ORIGINAL` the text that was found. */
  readonly plant: string;
}

/** A design error that a model proves to be one, planted in the real code. */
export interface PlantedBug {
  readonly name: string;
  /** The mutants of models that it covers, `head.pml | NO_RESEND`, and rows of docs/correctness.md, by the name of the page and their number. */
  readonly rows: readonly string[];
  /** The wrong behaviour, as a sentence. */
  readonly what: string;
  /** The scenario that is searched, if all scenarios together show the bug too seldom. @default the scenario that the seed draws */
  readonly scenario?: string;
  /** For a bug that the code had: the behaviour since its fix, as a sentence. */
  readonly fixed?: string;
  /** Too few seeds show the bug to search for it in a build. Its fixture shows it. */
  readonly rare?: true;
  /** No seed of a build shows the bug, and no fixture does: the reason, and the test that holds it instead. It is planted, but not searched for. */
  readonly elusive?: string;
  readonly patches: readonly Patch[];
}
