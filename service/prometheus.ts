// Figures in the Prometheus text format, version 0.0.4: how families, labels and numbers are written. What they mean is
// said by whoever has them.

/** As scrapers expect it. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** A metric: its name, what it says, and whether it only ever rises. */
export interface Family {
  /** Letters, digits and underscores; a counter's ends in `_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  /** One sentence without its full stop. */
  readonly help: string;
}

export type Labels = readonly (readonly [label: string, value: string])[];

/** A number, or one for each set of labels. */
export type Samples = number | Iterable<readonly [labels: Labels, value: number]>;

/** The lines of a family, which must stand together: what it is, then its samples. Without samples nothing. */
export function familyText(family: Family, samples: Samples): string {
  const all = typeof samples === "number" ? [[[], samples] as const] : [...samples];
  if (all.length === 0) return "";
  const lines = all.map(([labels, value]) => sampleText(family.name, labelsText(labels), value));
  return familyHead(family) + lines.join("");
}

/** How a program writes its families, whose names all begin with `prefix`. */
export function familiesOf(prefix: string) {
  const written = (type: Family["type"]) => (name: string, help: string, samples: Samples) =>
    familyText({ name: prefix + name, type, help }, samples);
  return { counter: written("counter"), gauge: written("gauge") };
}

export function familyHead({ name, type, help }: Family): string {
  return `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}.\n# TYPE ${name} ${type}\n`;
}

/** `labels` as `labelsText` wrote them. */
export function sampleText(name: string, labels: string, value: number): string {
  return labels === "" ? `${name} ${numberText(value)}\n` : `${name}{${labels}} ${numberText(value)}\n`;
}

/** `a="1",b="2"`. The names must be legal ones. */
export function labelsText(labels: Labels): string {
  return labels.map(([label, value]) => `${label}="${escape(value)}"`).join(",");
}

/** The members of an object of counts by reason, as samples with the reason as label. */
export function byReason(counts: Readonly<Record<string, number>>): readonly (readonly [Labels, number])[] {
  return Object.entries(counts).map(([reason, count]) => [[["reason", reason]], count]);
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}

function escape(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
