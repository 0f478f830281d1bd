// The kinds of records in a segment. Files outlive versions: a kind never changes its meaning.

/** A batch as NDJSON: what a post added to the folding, or what posts before have grown into. */
export const POST = 1;
/** The seq of a part, and the index of the first State behind it. */
export const SEALED = 2;
/** The seq of a part that is never sent again. */
export const CLOSED = 3;
