/** RFC 8785: the one way to write a JSON value, so that its signature can be checked anywhere. */

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json | undefined };

/** Throws `TypeError` for a number that JSON cannot hold. Members that are `undefined` are absent. */
export function canonical(value: Json): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError("not a number");
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  // Without a comparator, `sort` orders by UTF-16 code units, which is what the RFC asks for.
  const names = Object.keys(value).sort();
  const members = names.flatMap((name) => {
    const member = value[name];
    return member === undefined ? [] : [`${JSON.stringify(name)}:${canonical(member)}`];
  });
  return `{${members.join(",")}}`;
}
