/** The chosen language and theme, remembered on this screen, and the texts in that language. */

import { effect, signal } from "@preact/signals";
import { remember, remembered } from "./kept";
import { panelStrings } from "./panels/strings";
import { boardStrings } from "./strings";

const strings = { ...boardStrings, ...panelStrings };

export type Key = keyof typeof strings;
export type Language = "id" | "en";
export type Theme = "dark" | "light";

export const language = signal<Language>(remembered("ronda.language") === "en" ? "en" : "id");
export const theme = signal<Theme>(remembered("ronda.theme") === "light" ? "light" : "dark");
/** Single letters act only while this is on (WCAG 2.1.4). */
export const letters = signal(remembered("ronda.letters") !== "off");

effect(() => {
  document.documentElement.lang = language.value;
  remember("ronda.language", language.value);
});
effect(() => {
  document.documentElement.dataset.theme = theme.value;
  remember("ronda.theme", theme.value);
});
effect(() => remember("ronda.letters", letters.value ? "on" : "off"));

/** A newer service may name what this page has no text for: then its own word stands there. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const texts: readonly [string, string] | undefined = strings[key];
  const text = texts?.[language.value === "id" ? 0 : 1] ?? readable(key.replace(/^\w+\./, ""));
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** The text of a key that data names, or the data's own word made readable. */
export function tIfKnown(prefix: string, code: string): string {
  return tOr(prefix, code, readable(code));
}

/** The text of a key that data names, or something else where there is no such key. */
export function tOr(prefix: string, code: string, otherwise: string): string {
  const key = `${prefix}.${code}`;
  return Object.hasOwn(strings, key) ? t(key as Key) : otherwise;
}

/** `suspicious_object` → "Suspicious object", for codes that come without a label. */
export function readable(code: string): string {
  const words = code.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
