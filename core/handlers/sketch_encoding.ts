// A Sketch as bytes and back. Equal sketches have equal bytes, however they came about.

import { type ByteReader, type ByteWriter, unzigzag, zigzag } from "../bytes.ts";
import { limits } from "../limits.ts";
import { Bins } from "./bins.ts";
import { readCounts, writeCounts } from "./count_coding.ts";
import { DecodeError } from "./handler.ts";
import { BIN_MAX, BIN_OF_ONE } from "./mapping.ts";
import { FEW_MAX, Sketch, spread } from "./sketch.ts";
import { COUNT_MAX } from "./sums.ts";

// How the bins are laid out: as a list in its order, or as rows of counts from the lowest bin to the highest. A dense
// sketch is a list while it is sparse. An even first number is twice the length of the list of one that is not dense.
const DENSE_ROWS = 1;
const DENSE_LIST = 3;

/** Where fewer bins are in use than one in so many, a list is shorter or hardly longer, and takes half the time. */
const LIST_SHARE = 6;

/** What can stand before a key in a list: the distance to the one before, or to the bin of 1, and one bit more. */
const PLACE_MAX = 2 * (2 * (BIN_MAX + BIN_OF_ONE) + 1);

/** The counts of the row being written or read. */
const row = new Float64Array(limits.sketchBinsMax);

export function writeSketch(writer: ByteWriter, sketch: Sketch): void {
  const { dense } = sketch;
  if (dense === undefined) {
    writer.varint(2 * sketch.binCount);
    writeList(writer, sketch);
    return;
  }
  const { zeros, negative, positive } = dense;
  const bins = negative.used() + positive.used();
  if (LIST_SHARE * bins < span(negative) + span(positive)) {
    writer.varint(DENSE_LIST);
    writer.varint(bins + (zeros > 0 ? 1 : 0));
    writeList(writer, sketch);
    return;
  }
  writer.varint(DENSE_ROWS);
  writer.varint(zeros);
  writeRow(writer, negative);
  writeRow(writer, positive);
}

/** Reads into an empty sketch. */
export function readSketch(reader: ByteReader, into: Sketch): void {
  const form = reader.varint(2 * FEW_MAX);
  if (form % 2 === 0) {
    readList(reader, form / 2, (key, count) => into.addKey(key, count));
  } else if (form === DENSE_ROWS) {
    const dense = into.makeDense();
    dense.zeros = reader.varint(COUNT_MAX);
    readRow(reader, dense.negative);
    readRow(reader, dense.positive);
  } else if (form === DENSE_LIST) {
    const list: number[] = [];
    readList(reader, reader.varint(2 * limits.sketchBinsMax + 1), (key, count) => list.push(key, count));
    spread(list, { dense: into.makeDense() });
  } else throw new DecodeError(`a sketch has an unknown form: current value is ${form}`);
}

/** The first key, then the distance of each to the one before; counts only where they are not 1. */
function writeList(writer: ByteWriter, sketch: Sketch): void {
  let next: number | undefined;
  sketch.scan((key, count) => {
    const place = next === undefined ? zigzag(key - BIN_OF_ONE) : key - next;
    writer.varint(2 * place + (count === 1 ? 0 : 1));
    if (count !== 1) writer.varint(count - 2);
    next = key + 1;
  });
}

function readList(reader: ByteReader, length: number, visit: (key: number, count: number) => void): void {
  let next: number | undefined;
  for (let index = 0; index < length; index++) {
    const code = reader.varint(PLACE_MAX);
    const place = Math.floor(code / 2);
    const key = next === undefined ? unzigzag(place) + BIN_OF_ONE : next + place;
    if (Math.abs(key) > BIN_MAX) throw new DecodeError(`a bin must be at most ${BIN_MAX}: current value is ${key}`);
    visit(key, code % 2 === 0 ? 1 : reader.varint(COUNT_MAX - 2) + 2);
    next = key + 1;
  }
}

function writeRow(writer: ByteWriter, bins: Bins): void {
  const length = span(bins);
  writer.varint(length);
  if (length === 0) return;
  writer.signed(bins.lowest - BIN_OF_ONE);
  const counts = row.subarray(0, length);
  bins.copyTo(counts);
  writeCounts(writer, counts);
}

/** Bins from the lowest to the highest. */
function span({ lowest, highest }: Bins): number {
  return highest - lowest + 1;
}

function readRow(reader: ByteReader, into: Bins): void {
  const length = reader.varint(limits.sketchBinsMax);
  if (length === 0) return;
  const lowest = reader.signed(BIN_MAX) + BIN_OF_ONE;
  if (lowest < 1 || lowest + length - 1 > BIN_MAX) {
    throw new DecodeError(`bins must be from 1 to ${BIN_MAX}: there are ${length} from ${lowest}`);
  }
  const counts = row.subarray(0, length);
  readCounts(reader, counts);
  if (counts[0] === 0 || counts[length - 1] === 0) throw new DecodeError("the first and last count of a row are not 0");
  into.fill(lowest, counts);
}
